package limit

import (
	"forebay/python"
)

// costOf reads the first field of that name: a whole number of units. It is negative if it is none. said is false without
// such a field.
func costOf(fields []python.Field, name string) (cost int64, said bool) {
	for _, field := range fields {
		if python.EqualFold(field.Name, name) {
			return units(field.Value), true
		}
	}
	return 0, false
}

// units reads a number; one that is larger than any cost is cut off.
func units(text []byte) int64 {
	const most = 1 << 40
	n := int64(0)
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return -1
		}
		n = min(most, n*10+int64(digit-'0'))
	}
	if len(text) == 0 {
		return -1
	}
	return n
}

// without takes the fields of that name out of a list, in place.
func without(fields []python.Field, name string) []python.Field {
	kept := fields[:0]
	for _, field := range fields {
		if !python.EqualFold(field.Name, name) {
			kept = append(kept, field)
		}
	}
	return kept
}
