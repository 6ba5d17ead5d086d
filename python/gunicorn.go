package python

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"forebay/config"
)

// gunicornSource is where the program lies that GunicornProgram returns. It is a module of the worker, too.
const gunicornSource = "worker/forebay/gunicorn.py"

// GunicornProgram returns a program that runs a configuration file of gunicorn's: its arguments are the file and the names of
// settings, joined by commas. What it writes to descriptor 3 is for ParseGunicorn.
func GunicornProgram() string {
	text, err := modules.ReadFile(gunicornSource)
	if err != nil {
		panic(err) // the pattern in embed.go names it
	}
	return string(text)
}

// ErrGunicorn is wrapped by each fault of ParseGunicorn.
var ErrGunicorn = errors.New("malformed report of gunicorn's file")

// ParseGunicorn reads what that program writes.
func ParseGunicorn(report []byte) (config.GunicornFile, error) {
	type setting struct {
		Value any `json:"value"`
		Line  int `json:"line"`
	}
	var said struct {
		Settings  map[string]setting `json:"settings"`
		Functions map[string]int     `json:"functions"`
		Others    map[string]int     `json:"others"`
		Error     string             `json:"error"`
		Line      int                `json:"line"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(report)))
	decoder.UseNumber()
	if err := decoder.Decode(&said); err != nil {
		return config.GunicornFile{}, fmt.Errorf("%w: %w", ErrGunicorn, err)
	}
	file := config.GunicornFile{
		Settings: map[string]config.GunicornValue{}, Functions: said.Functions, Others: said.Others, Fault: said.Error, FaultLine: said.Line,
	}
	for name, s := range said.Settings {
		file.Settings[name] = config.GunicornValue{Value: gunicornValue(s.Value), Line: s.Line}
	}
	return file, nil
}

// gunicornValue is a value of JSON as config has it.
func gunicornValue(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		f, _ := value.Float64() // one that is too large is infinite, and no setting takes that
		return f
	case []any:
		elements := make([]any, len(value))
		for i, element := range value {
			elements[i] = gunicornValue(element)
		}
		return elements
	case map[string]any:
		class, _ := value["class"].(string)
		name, _ := value["type"].(string)
		return config.GunicornObject{Class: class, Type: name}
	}
	return value
}
