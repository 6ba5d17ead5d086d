package config

import (
	"fmt"
	"maps"
	"slices"
)

// applyPaths takes over what the file says about path prefixes.
func (r *Reading) applyPaths(f *file) Faults {
	entries, err := f.tables(pathKey, "a prefix and what differs for it")
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
	r.Origins[path.key("prefix")] = f.tableOrigin(pathKey, i, "prefix")
	var faults Faults
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if err := path.read(key, entry[key]); err != nil {
			faults.add(path.key(key), f.tableOrigin(pathKey, i, key), "%v", err)
			continue
		}
		r.Origins[path.key(key)] = f.tableOrigin(pathKey, i, key)
	}
	if isText || entry["prefix"] == nil { // else its fault is found already
		r.Config.Paths = append(r.Config.Paths, path)
	}
	return faults
}

// read takes over one key of an entry.
func (p *Path) read(key string, value any) error {
	setting, known := findIn(pathSettings, key)
	if !known {
		return fmt.Errorf("unknown key: %s", pathHint(key))
	}
	text, err := setting.text(value)
	if err != nil {
		return err
	}
	return p.set(setting, text)
}
