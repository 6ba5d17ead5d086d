package config

import (
	"fmt"
	"reflect"
	"slices"
)

// tableKeys are the keys of a file that are no settings but arrays of tables: each table is an entry with keys of its own.
var tableKeys = []string{pathKey, limitKey}

// tablePlace is where one entry, such as one [[path]], stands: the line of its header, and those of its keys.
type tablePlace struct {
	header int
	keys   map[string]int
}

// tablePlaces are the places of all entries, by the key of their array. The decoder tells nothing of keys in inline tables.
func tablePlaces(text []byte, table []string) map[string][]tablePlace {
	places := map[string][]tablePlace{}
	headers := strictErrors(text, emptyTarget(table))
	keys := strictErrors(text, tablesTarget(table))
	for _, name := range tableKeys {
		full := append(slices.Clone(table), name)
		for _, found := range headers {
			if slices.Equal(found.Key(), full) {
				row, _ := found.Position()
				places[name] = append(places[name], tablePlace{row, map[string]int{}})
			}
		}
		for _, found := range keys {
			if key := found.Key(); len(key) > len(full) && slices.Equal(key[:len(full)], full) {
				row, _ := found.Position()
				placeKey(places[name], key[len(full)], row)
			}
		}
	}
	return places
}

// placeKey notes the line of a key with the entry whose header stands last before it.
func placeKey(places []tablePlace, key string, row int) {
	entry := slices.IndexFunc(places, func(p tablePlace) bool { return p.header > row }) - 1
	if entry == -2 {
		entry = len(places) - 1 // no header follows
	}
	if entry >= 0 {
		places[entry].keys[key] = row
	}
}

// tablesTarget has the tables above the keys of the entries, and none of these.
func tablesTarget(table []string) any {
	type entries struct {
		Path  []struct{} `toml:"path"`
		Limit []struct{} `toml:"limit"`
	}
	if len(table) == 0 {
		return &entries{}
	}
	return &struct {
		Tool struct {
			Forebay entries `toml:"forebay"`
		} `toml:"tool"`
	}{}
}

// tables are the entries of an array. with says what an entry has, for the fault of one that is none.
func (f *file) tables(key, with string) ([]map[string]any, error) {
	var elements []any
	switch value := f.values[key].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		elements = []any{value} // [path] where [[path]] was meant
	case []any:
		elements = value
	default:
		return nil, fmt.Errorf("want [[%s]] with %s", key, with)
	}
	entries := make([]map[string]any, len(elements))
	for i, element := range elements {
		entry, isTable := element.(map[string]any)
		if !isTable {
			return nil, &elementError{i, fmt.Errorf("want a table with %s, not %v", with, element)}
		}
		entries[i] = entry
	}
	return entries, nil
}

// tableOrigin is where a key of an entry stands, or else the entry.
func (f *file) tableOrigin(array string, entry int, key string) Origin {
	origin := f.origin(array)
	if places := f.places[array]; entry < len(places) {
		origin.Line = places[entry].header
		if line, known := places[entry].keys[key]; known {
			origin.Line = line
		}
	}
	return origin
}

// findIn is the setting with that key among those of an entry.
func findIn(settings []Setting, key string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// keysOf are the keys that an entry may have.
func keysOf(settings []Setting) []string {
	keys := make([]string, len(settings))
	for i, setting := range settings {
		keys[i] = setting.Key
	}
	return keys
}

// fieldOf is the field of an entry, given by a pointer, whose tag is key.
func fieldOf(entry any, key string) reflect.Value {
	value := reflect.ValueOf(entry).Elem()
	for info, field := range value.Fields() {
		if info.Tag.Get("key") == key {
			return field
		}
	}
	panic(fmt.Sprintf("no field of %s has the key %q", value.Type(), key)) // a test compares the table with the struct
}
