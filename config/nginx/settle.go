package nginx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"forebay/config"
)

// settle makes comments of what config has something against: nginx takes numbers, names and paths that forebay does not.
// What is on another machine is no fault of the draft's.
func (d *Draft) settle() {
	for range len(d.settings) + len(d.tables) {
		if !d.putOff(d.faults()) {
			return
		}
	}
}

// faults are what config finds wrong.
func (d *Draft) faults() config.Faults {
	_, err := config.Read(config.Sources{Dir: "/", File: "forebay.toml", Text: d.TOML("")})
	var faults config.Faults
	errors.As(err, &faults)
	return slices.DeleteFunc(faults, func(f config.Fault) bool { return strings.Contains(f.Text, "there is no such ") })
}

// putOff makes comments of what the faults are about, and says whether there was anything.
func (d *Draft) putOff(faults config.Faults) bool {
	found := false
	for _, fault := range faults {
		why := "forebay does not take this: " + fault.Text
		for _, s := range d.settings {
			if s.key == fault.Key && !s.asleep {
				s.asleep, found = true, true
				s.why = append(s.why, why)
			}
		}
		for _, t := range d.tables {
			if t.isMeant(fault.Key) && !t.asleep {
				t.asleep, found = true, true
				t.why = append(t.why, why)
			}
		}
	}
	if found {
		d.left = append(d.left, remark{groupGrave, place{file: "forebay.toml"}, "some of it is a comment", "see where it says: forebay does not take this"})
	}
	return found
}

// isMeant says whether a fault with that key is about the table.
func (t *table) isMeant(key string) bool {
	return key == t.kind || strings.HasPrefix(key, fmt.Sprintf("%s %s: ", t.kind, t.keys[0].value))
}
