package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// applyStatic gives the mappings that the file has listed the options that stand with them. It follows the settings of the
// file and goes before those of stronger layers, which replace the whole list.
func (r *Reading) applyStatic(f *file) Faults {
	entries, ok := f.values[staticKey].([]any)
	if table, isTable := f.values[staticKey].(map[string]any); isTable && (table["prefix"] != nil || table["dir"] != nil) {
		entries, ok = []any{table}, true // [static] where [[static]] was meant
	}
	if !ok || len(entries) != len(r.Config.Proxy.Static) {
		return nil // its fault is found already, or there are no options
	}
	var faults Faults
	for i, entry := range entries {
		mapping := &r.Config.Proxy.Static[i]
		origin := f.valueOrigin(staticKey, &elementError{index: i})
		table, _ := entry.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(table)) {
			option, known := findStaticOption(key)
			if !known {
				continue // prefix and dir
			}
			r.Origins[mapping.key(key)] = origin
			if err := mapping.set(option, table[key]); err != nil {
				faults.add(mapping.key(key), origin, "%v", err)
			}
		}
	}
	return faults
}

// set gives s the option's value.
func (s *Static) set(option staticOption, value any) error {
	read, err := option.read(value)
	if err != nil {
		return err
	}
	s.field(option.key).Set(reflect.ValueOf(read))
	return nil
}

// unknownInMapping is the report of a key that no entry of a list of mappings has.
func unknownInMapping(key, name string) error {
	known := keysOf(mappingKeys)
	if key == staticKey {
		for _, option := range staticOptions {
			known = append(known, option.key)
		}
	}
	if slices.Contains(known, name) {
		return nil
	}
	if near := Closest(strings.ReplaceAll(name, "-", "_"), known); near != "" {
		return fmt.Errorf("unknown key %q: did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown key %q: a [[%s]] has %s", name, key, strings.Join(known, ", "))
}
