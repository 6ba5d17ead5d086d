package config

import (
	"fmt"
	"strconv"
)

// elementError is about one element of an array.
type elementError struct {
	index int
	cause error
}

func (e *elementError) Error() string { return e.cause.Error() }
func (e *elementError) Unwrap() error { return e.cause }

// texts are a file's value as the other layers would write it.
func (s Setting) texts(value any) ([]string, error) {
	if s.kind.mapping {
		return mappingTexts(s.Key, value)
	}
	return s.arrayTexts(value, s.IsList())
}

// arrayTexts is texts for a setting that is no mapping. list says whether it may have several values.
func (s Setting) arrayTexts(value any, list bool) ([]string, error) {
	elements, isArray := value.([]any)
	if !isArray {
		return s.singleText(value)
	}
	if !list {
		return nil, fmt.Errorf("want one value, not an array")
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		text, err := s.text(element)
		if err != nil {
			return nil, &elementError{i, err}
		}
		texts[i] = text
	}
	return texts, nil
}

// singleText is a value that stands alone. For a list it is the only element, or several where commas are in use.
func (s Setting) singleText(value any) ([]string, error) {
	text, err := s.text(value)
	if err != nil {
		return nil, err
	}
	if s.kind.commas {
		return s.split(text), nil
	}
	return []string{text}, nil
}

// text is one value of a file, if its type is one that the setting may have.
func (s Setting) text(value any) (string, error) {
	want := "text in quotes"
	switch {
	case s.kind.number:
		want = "a number or text in quotes"
	case s.kind.truth:
		want = "true or false"
	}
	switch value := value.(type) {
	case string:
		return value, nil
	case bool:
		if s.kind.truth {
			return strconv.FormatBool(value), nil
		}
	case int64:
		if s.kind.number {
			return strconv.FormatInt(value, 10), nil
		}
	case float64:
		if s.kind.number {
			return strconv.FormatFloat(value, 'g', -1, 64), nil
		}
	}
	return "", fmt.Errorf("want %s, not %v", want, value)
}
