package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

const (
	fileName    = "forebay.toml"
	projectName = "pyproject.toml"
)

// projectTable is where pyproject.toml has our keys. PEP 518 gives each tool the table of its name.
var projectTable = []string{"tool", "forebay"}

// file is a configuration file that was read.
type file struct {
	// name is how messages call it.
	name string
	// dir is where relative paths in it start.
	dir string
	// values are by key.
	values map[string]any
	// lines are those on which a key stands; a key that names an array of tables stands on several.
	lines map[string][]int
	// places are those of the entries in arrays of tables, by the key of the array.
	places map[string][]tablePlace
}

// readFile reads path and calls it name. In a pyproject.toml only [tool.forebay] counts; found is false without it.
func readFile(name, path string) (f file, found bool, faults Faults) {
	f = file{name: name, dir: filepath.Dir(path)}
	if filepath.Ext(path) == ".py" {
		faults.add("", f.origin(""), "want a TOML file: the option for one of gunicorn's is --from-gunicorn")
		return f, false, faults
	}
	text, err := os.ReadFile(path)
	if err != nil {
		faults.add("", f.origin(""), "%v", rootCause(err))
		return f, false, faults
	}
	var table []string
	if filepath.Base(path) == projectName {
		table = projectTable
	}
	found, faults = f.take(text, table)
	return f, found, faults
}

// take is parse with its error as a fault.
func (f *file) take(text []byte, table []string) (found bool, faults Faults) {
	found, err := f.parse(text, table)
	if err != nil {
		faults.add("", f.errorOrigin(err), "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return found, faults
}

// parse takes the values of one table, and their lines, out of a document.
func (f *file) parse(text []byte, table []string) (found bool, err error) {
	var document map[string]any
	if err := toml.Unmarshal(text, &document); err != nil {
		return false, err
	}
	for i, name := range table {
		inner, present := document[name]
		if !present {
			return false, nil
		}
		values, isTable := inner.(map[string]any)
		if !isTable {
			return false, fmt.Errorf("%s: want a table", strings.Join(table[:i+1], "."))
		}
		document = values
	}
	f.values = document
	f.lines = keyLines(text, table)
	f.places = tablePlaces(text, table)
	return true, nil
}

// keyLines are the lines of the keys in a table. A strict decoding into a type without fields reports every key there is,
// with its place.
func keyLines(text []byte, table []string) map[string][]int {
	keys := strictErrors(text, emptyTarget(table))
	lines := linesBelow(keys, table)
	if len(lines) == 0 && len(table) > 0 {
		// The decoder leaves the name of an inline table out: forebay = {workers = 2} in [tool] is reported as tool.workers.
		lines = linesBelow(keys, table[:len(table)-1])
	}
	return lines
}

// strictErrors are the places of all keys of a document that target has no field for.
func strictErrors(text []byte, target any) []toml.DecodeError {
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	var strict *toml.StrictMissingError
	if !errors.As(decoder.Decode(target), &strict) {
		return nil // there is no other key, or no document of that form
	}
	return strict.Errors
}

// linesBelow are the lines of the keys that begin with those of table, by the part that follows.
func linesBelow(keys []toml.DecodeError, table []string) map[string][]int {
	lines := map[string][]int{}
	for _, place := range keys {
		key := place.Key()
		if len(key) > len(table) && slices.Equal(key[:len(table)], table) {
			row, _ := place.Position()
			lines[key[len(table)]] = append(lines[key[len(table)]], row)
		}
	}
	return lines
}

// emptyTarget has the tables above the keys, and no keys.
func emptyTarget(table []string) any {
	if len(table) == 0 {
		return &struct{}{}
	}
	return &struct {
		Tool struct {
			Forebay struct{} `toml:"forebay"`
		} `toml:"tool"`
	}{}
}

// settings are the settings that the file gives, sorted by key.
func (f *file) settings() ([]given, Faults) {
	var all []given
	var faults Faults
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		if slices.Contains(tableKeys, key) {
			continue // see applyPaths and applyLimits
		}
		setting, known := Find(key)
		if !known {
			faults.add(key, f.origin(key), "unknown key%s", keyHint(key))
			continue
		}
		texts, err := setting.texts(f.values[key])
		if err != nil {
			faults.add(key, f.valueOrigin(key, err), "%v", err)
			continue
		}
		all = append(all, given{setting, texts, f.origin(key)})
	}
	return all, faults
}

// origin is where key stands. Without a key it is the file.
func (f *file) origin(key string) Origin {
	origin := Origin{Layer: LayerFile, Name: f.name}
	if lines := f.lines[key]; len(lines) > 0 {
		origin.Line = lines[0]
	}
	return origin
}

// valueOrigin is where the element stands that err is about.
func (f *file) valueOrigin(key string, err error) Origin {
	origin := f.origin(key)
	var element *elementError
	if lines := f.lines[key]; errors.As(err, &element) && element.index < len(lines) {
		origin.Line = lines[element.index]
	}
	return origin
}

// errorOrigin is where the decoder met an error.
func (f *file) errorOrigin(err error) Origin {
	origin := f.origin("")
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		origin.Line, _ = decode.Position()
	}
	return origin
}

// keyHint ends the report of an unknown key.
func keyHint(key string) string {
	if advice := Advice(key); advice != "" {
		return ": " + advice
	}
	keys := slices.Clone(tableKeys)
	for _, setting := range Settings {
		keys = append(keys, setting.Key)
	}
	if near := Closest(strings.ReplaceAll(key, "-", "_"), keys); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}

// rootCause leaves out the file's name, which the fault's origin says already.
func rootCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
