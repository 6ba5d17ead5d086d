package config

import "slices"

// Table describes an array of tables that a file may have, such as [[path]].
type Table struct {
	Key string
	// Help is one line without a full stop.
	Help string
	Keys []TableKey
}

// TableKey is one of the keys in the tables of such an array.
type TableKey struct {
	Key string
	// Metavar stands for the value.
	Metavar string
	// Help is one line without a full stop, with names between backticks.
	Help string
	// Default is what is in force where nothing is said. It is empty where that is nothing, or where the help says it.
	Default string
}

// Tables are all of them, in the order of the documentation.
func Tables() []Table {
	static := Table{Key: staticKey, Help: "a directory of static files", Keys: tableKeysOf(mappingKeys)}
	for _, option := range staticOptions {
		static.Keys = append(static.Keys, TableKey{Key: option.key, Metavar: option.metavar, Help: option.help})
	}
	limit := Table{Key: limitKey, Help: "a rate limit, or a limit of requests at the same time", Keys: tableKeysOf(limitSettings)}
	for i, setting := range limitSettings {
		limit.Keys[i].Default = setting.limitDefault()
	}
	path := Table{Key: pathKey, Help: "what is otherwise for the requests below a path prefix", Keys: tableKeysOf(pathSettings)}
	return []Table{static, path, limit}
}

func tableKeysOf(settings []Setting) []TableKey {
	keys := make([]TableKey, len(settings))
	for i, setting := range settings {
		keys[i] = TableKey{Key: setting.Key, Metavar: setting.Metavar, Help: setting.Help}
	}
	return keys
}

// limitDefault is the default of a setting of a [[limit]], as text. It is empty where a limit has it not.
func (s Setting) limitDefault() string {
	plain := DefaultLimit()
	value := s.fieldText(fieldOf(&plain, s.Key))
	if nothing := []string{"-1", "0"}; slices.Contains(nothing, value) && s.Key != "lease_size" {
		return ""
	}
	return value
}
