package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cutMapping takes PREFIX=DIR apart.
func cutMapping(text, example string) (prefix, dir string, err error) {
	prefix, dir, found := strings.Cut(text, "=")
	if !found || prefix == "" || dir == "" {
		return "", "", fmt.Errorf("want PREFIX=DIR, such as %s, not %q", example, text)
	}
	return prefix, dir, nil
}

// mappingTexts are the mappings of a file as PREFIX=DIR. For the key static, a file may say [[static]] with prefix and
// dir, or give one table with a key for each prefix.
func mappingTexts(key string, value any) ([]string, error) {
	switch value := value.(type) {
	case map[string]any:
		if value["prefix"] != nil || value["dir"] != nil {
			return mappingTexts(key, []any{value}) // [static] where [[static]] was meant
		}
		return mappingTable(value)
	case []any:
		var texts []string
		for i, entry := range value {
			text, err := mappingEntry(key, entry)
			if err != nil {
				return nil, &elementError{i, err}
			}
			texts = append(texts, text)
		}
		return texts, nil
	}
	return nil, fmt.Errorf("want [[%s]] with prefix and dir, or a table of \"PREFIX\" = \"DIR\"", key)
}

// mappingTable reads {"/static/" = "public"}. A TOML table has no order, so the prefixes are sorted.
func mappingTable(table map[string]any) ([]string, error) {
	var texts []string
	for _, prefix := range slices.Sorted(maps.Keys(table)) {
		text, err := mappingText(prefix, table[prefix])
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// mappingEntry reads one [[static]].
func mappingEntry(key string, entry any) (string, error) {
	table, ok := entry.(map[string]any)
	if !ok {
		return "", fmt.Errorf("want a table with prefix and dir, not %v", entry)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if err := unknownInMapping(key, name); err != nil {
			return "", err
		}
	}
	prefix, ok := table["prefix"].(string)
	if !ok {
		return "", fmt.Errorf("want a prefix, such as prefix = \"/%s/\"", key)
	}
	return mappingText(prefix, table["dir"])
}

// mappingText joins what cutMapping takes apart, so a prefix with "=" in it must be refused here.
func mappingText(prefix string, dir any) (string, error) {
	path, ok := dir.(string)
	if !ok || path == "" || prefix == "" {
		return "", fmt.Errorf("want a directory for the prefix %q", prefix)
	}
	if strings.Contains(prefix, "=") {
		return "", fmt.Errorf("prefix %q: want one without \"=\"", prefix)
	}
	return prefix + "=" + path, nil
}
