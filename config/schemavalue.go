package config

import (
	"reflect"
	"strconv"
)

// schema is what a file may give a setting of the whole.
func (s Setting) schema() schema {
	whole := Default()
	field := s.field(&whole)
	made := s.fieldSchema(field)
	if s.kind.mapping {
		made = s.mappingsSchema()
	}
	made.Default = s.kind.fileValue(field)
	return made
}

// fieldSchema is what a file may give the field of a setting that is no mapping.
func (s Setting) fieldSchema(field reflect.Value) schema {
	made := s.kind.schema()
	if field.Kind() == reflect.Slice {
		made = s.listSchema()
	}
	made.Description = s.Help
	return made
}

// schema is one value.
func (k kind) schema() schema {
	switch {
	case len(k.choices) > 0 && !k.open:
		return schema{Type: "string", Enum: k.choices}
	case len(k.choices) > 0:
		return schema{Type: "string", AnyOf: []schema{{Enum: k.choices}, {Type: "string", Pattern: k.pattern}}}
	case k.truth:
		return schema{Type: []string{"boolean", "string"}, Pattern: k.pattern}
	case k.number:
		return k.numberSchema()
	default:
		return schema{Type: "string", Pattern: k.pattern}
	}
}

// numberSchema is a number, or a text with a unit.
func (k kind) numberSchema() schema {
	least := float64(k.least) / k.unit
	made := schema{Type: []string{"number", "string"}, Pattern: k.pattern, Minimum: &least}
	if k.whole {
		made.Type = []string{"integer", "string"}
	}
	if k.most > 0 {
		made.Maximum = &k.most
	}
	return made
}

// listSchema is any number of values, or one. That one may be several with commas between them, which a pattern does not
// know.
func (s Setting) listSchema() schema {
	one := s.kind.schema()
	made := listSchema(one)
	if s.kind.commas {
		made.Pattern = ""
	}
	return made
}

// listSchema is an array of texts, or one of them.
func listSchema(one schema) schema {
	return schema{Type: []string{"array", "string"}, Items: &one, Pattern: one.Pattern}
}

// fileValue is a value as a file would give it; nil where that is nothing.
func (k kind) fileValue(field reflect.Value) any {
	switch {
	case field.Kind() == reflect.Slice && field.Len() == 0:
		return nil
	case field.Kind() == reflect.Slice:
		var all []any
		for i := range field.Len() {
			all = append(all, k.fileValue(field.Index(i)))
		}
		return all
	case k.truth:
		return field.Bool()
	}
	text := k.format(field)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && k.number {
		return n
	}
	if text == "" {
		return nil
	}
	return text
}
