package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// units of sizes. k, m and g alone are binary, as nginx and most servers have them; kB, MB and GB are decimal, as the
// SI says.
var units = map[string]int64{
	"": 1, "b": 1,
	"k": 1 << 10, "kib": 1 << 10, "kb": 1e3,
	"m": 1 << 20, "mib": 1 << 20, "mb": 1e6,
	"g": 1 << 30, "gib": 1 << 30, "gb": 1e9,
}

// ParseSize reads a number of bytes, with or without a unit: 65536, 64k, 16MiB.
func ParseSize(text string) (int64, error) {
	value, err := parseSize(text, "")
	if err != nil {
		return 0, err
	}
	return value.(int64), nil
}

// parseSize is ParseSize for settings.
func parseSize(text, _ string) (any, error) {
	digits := strings.TrimRight(text, "bBkKmMgGiI ")
	unit, known := units[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known {
		return nil, fmt.Errorf("want a size such as 65536, \"64k\" or \"16MiB\", not %q", text)
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return nil, fmt.Errorf("%q is more than can be counted", text)
	}
	return n * unit, nil
}

// SizeText is a size as a setting may be given it: 16MiB.
func SizeText(n int64) string { return formatSize(reflect.ValueOf(n)) }

// formatSize writes a size with the largest binary unit that leaves it whole.
func formatSize(value reflect.Value) string {
	n := value.Int()
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := units[strings.ToLower(unit)]; n != 0 && n%size == 0 {
			return strconv.FormatInt(n/size, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}
