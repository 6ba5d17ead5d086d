package config

import (
	"fmt"
	"maps"
	"slices"
)

// pathPlace is where one [[path]] stands: the line of its header, and those of its keys.
type pathPlace struct {
	header int
	keys   map[string]int
}

// pathPlaces are the places of the entries. The decoder tells nothing of keys in inline tables.
func pathPlaces(text []byte, table []string) []pathPlace {
	var places []pathPlace
	name := append(slices.Clone(table), pathKey)
	for _, found := range strictErrors(text, emptyTarget(table)) {
		if slices.Equal(found.Key(), name) {
			row, _ := found.Position()
			places = append(places, pathPlace{row, map[string]int{}})
		}
	}
	for _, found := range strictErrors(text, pathTarget(table)) {
		key := found.Key()
		row, _ := found.Position()
		entry := slices.IndexFunc(places, func(p pathPlace) bool { return p.header > row }) - 1
		if entry == -2 {
			entry = len(places) - 1 // no header follows
		}
		if entry >= 0 && len(key) > len(name) && slices.Equal(key[:len(name)], name) {
			places[entry].keys[key[len(name)]] = row
		}
	}
	return places
}

// pathTarget has the tables above the keys of the entries, and none of these.
func pathTarget(table []string) any {
	type entries struct {
		Path []struct{} `toml:"path"`
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

// paths are what the file says about path prefixes, entry by entry.
func (f *file) paths() ([]map[string]any, error) {
	var elements []any
	switch value := f.values[pathKey].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		elements = []any{value} // [path] where [[path]] was meant
	case []any:
		elements = value
	default:
		return nil, fmt.Errorf("want [[path]] with a prefix and what differs for it")
	}
	entries := make([]map[string]any, len(elements))
	for i, element := range elements {
		entry, isTable := element.(map[string]any)
		if !isTable {
			return nil, &elementError{i, fmt.Errorf("want a table with a prefix and what differs for it, not %v", element)}
		}
		entries[i] = entry
	}
	return entries, nil
}

// pathOrigin is where a key of an entry stands, or else the entry.
func (f *file) pathOrigin(entry int, key string) Origin {
	origin := f.origin(pathKey)
	if entry < len(f.pathPlaces) {
		place := f.pathPlaces[entry]
		origin.Line = place.header
		if line, known := place.keys[key]; known {
			origin.Line = line
		}
	}
	return origin
}

// applyPaths takes over what the file says about path prefixes.
func (r *Reading) applyPaths(f *file) Faults {
	entries, err := f.paths()
	if err != nil {
		return Faults{{Key: pathKey, Origin: f.valueOrigin(pathKey, err), Text: err.Error()}}
	}
	var faults Faults
	for i, entry := range entries {
		faults = append(faults, r.applyPath(f, i, entry)...)
	}
	return faults
}

// applyPath takes over one entry. One that has no prefix keeps the empty one, which Validate refuses.
func (r *Reading) applyPath(f *file, i int, entry map[string]any) Faults {
	var path Path
	prefix, isText := entry["prefix"].(string)
	path.Prefix = prefix
	r.Origins[path.key("prefix")] = f.pathOrigin(i, "prefix")
	var faults Faults
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if err := path.read(key, entry[key]); err != nil {
			faults.add(path.key(key), f.pathOrigin(i, key), "%v", err)
			continue
		}
		r.Origins[path.key(key)] = f.pathOrigin(i, key)
	}
	if isText || entry["prefix"] == nil { // else its fault is found already
		r.Config.Paths = append(r.Config.Paths, path)
	}
	return faults
}

// read takes over one key of an entry.
func (p *Path) read(key string, value any) error {
	setting, known := findForPath(key)
	if !known {
		return fmt.Errorf("unknown key: %s", pathHint(key))
	}
	text, err := setting.text(value)
	if err != nil {
		return err
	}
	return p.set(setting, text)
}
