package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// applyLimits takes over what the file says about rate limits.
func (r *Reading) applyLimits(f *file) Faults {
	entries, err := f.tables(limitKey, "a name and a rate")
	if err != nil {
		return Faults{{Key: limitKey, Origin: f.valueOrigin(limitKey, err), Text: err.Error()}}
	}
	var faults Faults
	for i, entry := range entries {
		faults = append(faults, r.applyLimit(f, i, entry)...)
	}
	return faults
}

// applyLimit takes over one entry. One that has no name keeps the empty one, which Validate refuses.
func (r *Reading) applyLimit(f *file, i int, entry map[string]any) Faults {
	limit := DefaultLimit()
	limit.Name, _ = entry["name"].(string)
	r.Origins[limit.key("name")] = f.tableOrigin(limitKey, i, "name")
	var faults Faults
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		origin := f.tableOrigin(limitKey, i, key)
		if err := limit.read(key, entry[key]); err != nil {
			faults.add(limit.key(key), origin, "%v", err)
			limit.unread = append(limit.unread, key)
			continue
		}
		r.Origins[limit.key(key)] = origin
	}
	r.Config.Limits = append(r.Config.Limits, limit)
	return faults
}

// read takes over one key of an entry.
func (l *Limit) read(key string, value any) error {
	setting, known := findIn(limitSettings, key)
	if !known {
		return fmt.Errorf("unknown key: %s", limitHint(key))
	}
	field := fieldOf(l, key)
	texts, err := setting.arrayTexts(value, field.Kind() == reflect.Slice)
	if err != nil {
		return err
	}
	return setting.setField(field, texts, "")
}
