package nginx

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"forebay/config"
)

// sizeOf is a directive's size as a setting has it.
func sizeOf(d *directive) (string, error) {
	n, err := config.ParseSize(strings.ToLower(arg(d, 0)))
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "0", nil
	}
	return quote(config.SizeText(n)), nil
}

// timeOf is a directive's time as a setting has it.
func timeOf(d *directive) (string, error) {
	t, err := parseTime(arg(d, 0))
	if err != nil {
		return "", err
	}
	return quote(config.DurationText(t)), nil
}

// countOf is a directive's whole number.
func countOf(d *directive) (string, error) {
	n := wholeNumber(arg(d, 0))
	if n == "" {
		return "", fmt.Errorf("want a whole number, not %q", arg(d, 0))
	}
	return n, nil
}

func parseCount(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 32) // countOf has looked at it
	return n
}

// units of nginx's times.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	"M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

var timePattern = regexp.MustCompile(`^(\d{1,9})(ms|[smhdwMy]?) *`)

// parseTime reads 30, 30s, 1h30m or 500ms.
func parseTime(text string) (time.Duration, error) {
	if text == "" {
		return 0, errors.New("want a time")
	}
	var sum time.Duration
	for rest := text; rest != ""; {
		parts := timePattern.FindStringSubmatch(rest)
		if parts == nil {
			return 0, fmt.Errorf("want a time, not %q", text)
		}
		n, _ := strconv.ParseInt(parts[1], 10, 64) // the pattern has digits only, and not too many
		unit := units[parts[2]]
		if time.Duration(n) > (math.MaxInt64-sum)/unit {
			return 0, fmt.Errorf("%q is more than can be counted", text)
		}
		sum += time.Duration(n) * unit
		rest = rest[len(parts[0]):]
	}
	return sum, nil
}
