package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with one setting.
type Fault struct {
	// Key is the setting, as it is named in a file. It is empty where a fault is not about one setting.
	Key string
	// Origin is where the faulty value was given.
	Origin Origin
	// Text says what is wrong and what would be right.
	Text string

	// with is the other setting of a pair that does not go together.
	with string
}

// Error names the place, the key and what is wrong. A place in a file comes first, where editors look for it.
func (f Fault) Error() string {
	switch {
	case f.Origin.Layer == LayerDefault && f.Key == "":
		return f.Text
	case f.Origin.Layer == LayerDefault:
		return f.Key + ": " + f.Text
	case f.Key == "":
		return f.Origin.String() + ": " + f.Text
	case f.Origin.Layer == LayerFile, f.Origin.Layer == LayerGunicorn:
		return f.Origin.String() + ": " + f.Key + ": " + f.Text
	default:
		return f.Key + " (" + f.Origin.String() + "): " + f.Text
	}
}

// Faults are all that was found wrong, in the order of the layers and, within a file, of its lines.
type Faults []Fault

// Error is one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// add appends a fault of the setting key.
func (f *Faults) add(key string, origin Origin, format string, args ...any) {
	*f = append(*f, Fault{Key: key, Origin: origin, Text: fmt.Sprintf(format, args...)})
}

// sort brings the faults into the order in which an operator works through them.
func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Origin.Layer, b.Origin.Layer), cmp.Compare(a.Origin.Line, b.Origin.Line))
	})
}

// err is f as an error; without faults it is nil.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
