package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// parseStatic reads PREFIX=DIR.
func parseStatic(text, dir string) (any, error) {
	prefix, path, found := strings.Cut(text, "=")
	if !found || prefix == "" || path == "" {
		return nil, fmt.Errorf("want PREFIX=DIR, such as /static/=public, not %q", text)
	}
	return Static{Prefix: prefix, Dir: resolve(path, dir)}, nil
}

func formatStatic(value reflect.Value) string {
	static := value.Interface().(Static)
	return static.Prefix + "=" + static.Dir
}

// staticTexts are the mappings of a file as PREFIX=DIR. A file may say [[static]] with prefix and dir, or give one table
// with a key for each prefix.
func staticTexts(value any) ([]string, error) {
	switch value := value.(type) {
	case map[string]any:
		if value["prefix"] != nil || value["dir"] != nil {
			return staticTexts([]any{value}) // [static] where [[static]] was meant
		}
		return staticTable(value)
	case []any:
		var texts []string
		for i, entry := range value {
			text, err := staticEntry(entry)
			if err != nil {
				return nil, &elementError{i, err}
			}
			texts = append(texts, text)
		}
		return texts, nil
	}
	return nil, fmt.Errorf("want [[static]] with prefix and dir, or a table of \"PREFIX\" = \"DIR\"")
}

// staticTable reads {"/static/" = "public"}. A TOML table has no order, so the prefixes are sorted.
func staticTable(table map[string]any) ([]string, error) {
	var texts []string
	for _, prefix := range slices.Sorted(maps.Keys(table)) {
		text, err := staticText(prefix, table[prefix])
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// staticEntry reads one [[static]].
func staticEntry(entry any) (string, error) {
	table, ok := entry.(map[string]any)
	if !ok {
		return "", fmt.Errorf("want a table with prefix and dir, not %v", entry)
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if key != "prefix" && key != "dir" {
			return "", fmt.Errorf("unknown key %q: a [[static]] has prefix and dir", key)
		}
	}
	prefix, ok := table["prefix"].(string)
	if !ok {
		return "", fmt.Errorf("want a prefix, such as prefix = \"/static/\"")
	}
	return staticText(prefix, table["dir"])
}

// staticText joins what parseStatic takes apart, so a prefix with "=" in it must be refused here.
func staticText(prefix string, dir any) (string, error) {
	path, ok := dir.(string)
	if !ok || path == "" || prefix == "" {
		return "", fmt.Errorf("want a directory for the prefix %q", prefix)
	}
	if strings.Contains(prefix, "=") {
		return "", fmt.Errorf("prefix %q: want one without \"=\"", prefix)
	}
	return prefix + "=" + path, nil
}
