package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads Go's notation, or a bare number of seconds as gunicorn has it.
func parseDuration(text, _ string) (any, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		nanoseconds := seconds * float64(time.Second)
		if math.IsNaN(nanoseconds) || math.Abs(nanoseconds) >= math.MaxInt64 {
			return nil, fmt.Errorf("%q is more than can be counted", text)
		}
		return time.Duration(nanoseconds), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("want a duration such as \"30s\", \"1m30s\" or a number of seconds, not %q", text)
	}
	return d, nil
}

// formatDuration writes 1m0s as 1m and 1h0m0s as 1h.
func formatDuration(value reflect.Value) string {
	text := time.Duration(value.Int()).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
