package nginx

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"forebay/config"
)

// Draft is a forebay.toml in the making: what was taken over, each with the directives that it is made of, and what was
// not, with the reason.
type Draft struct {
	settings []*setting
	tables   []*table
	left     []remark
}

// setting is one key with its value.
type setting struct {
	key string
	// value is as TOML has it.
	value string
	// why are the comments above it.
	why []string
	// asleep says that it stands there as a comment, for whoever wants it.
	asleep bool
}

// table is one [[static]], [[path]], [[limit]] or [[x_accel_redirect]].
type table struct {
	kind string
	why  []string
	keys []setting
	// asleep says that it stands there as a comment.
	asleep bool
}

// remark is a directive that was not taken over.
type remark struct {
	group group
	place place
	text  string // the directive, in short
	why   string
}

// place is where a directive stands.
type place struct {
	file string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d", p.file, p.line)
}

// group is a kind of reason.
type group int

// The groups, in the order in which they stand in the file.
const (
	groupGrave  group = iota // somebody could see or do more than before, or something does not work
	groupGone                // there is nothing like it
	groupNeeded              // to be done elsewhere
	groupOwn                 // nothing is lost
)

var groupTitles = map[group]string{
	groupGrave:  "Look at these first: here it is not as it was",
	groupGone:   "Not taken over: forebay has nothing like it, or cannot be told so",
	groupNeeded: "Not taken over: somebody else's affair now",
	groupOwn:    "Not needed: forebay does it by itself, or has no use for it",
}

// set gives a setting its value. A second value for the same key is left out: the first was the nearer one.
func (d *Draft) set(key, value string, why ...string) *setting {
	if s := d.find(key); s != nil {
		return s
	}
	s := &setting{key: key, value: value, why: why}
	d.settings = append(d.settings, s)
	return s
}

// suggest writes a setting as a comment.
func (d *Draft) suggest(key, value string, why ...string) {
	if d.find(key) == nil {
		d.set(key, value, why...).asleep = true
	}
}

// find returns the setting of that key, or nil.
func (d *Draft) find(key string) *setting {
	i := slices.IndexFunc(d.settings, func(s *setting) bool { return s.key == key })
	if i < 0 {
		return nil
	}
	return d.settings[i]
}

// Counts says how much there is: settings, tables, directives that were not taken over, and those of them to look at first.
func (d *Draft) Counts() (settings, tables, left, grave int) {
	for _, s := range d.settings {
		if !s.asleep {
			settings++
		}
	}
	for _, t := range d.tables {
		if !t.asleep {
			tables++
		}
	}
	for _, r := range d.left {
		if r.group == groupGrave {
			grave++
		}
	}
	return settings, tables, len(d.left), grave
}

// TOML is the draft as a file.
func (d *Draft) TOML(title string) []byte {
	var text strings.Builder
	writeComment(&text, title)
	slices.SortStableFunc(d.settings, func(a, b *setting) int { return cmp.Compare(order(a.key), order(b.key)) })
	for _, s := range d.settings {
		text.WriteString("\n")
		s.write(&text)
	}
	for _, kind := range []string{"static", "x_accel_redirect", "path", "limit"} {
		for _, t := range d.tables {
			if t.kind == kind {
				text.WriteString("\n")
				t.write(&text)
			}
		}
	}
	d.writeLeft(&text)
	return []byte(text.String())
}

// order is where a setting stands among all.
func order(key string) int {
	return slices.IndexFunc(config.Settings, func(s config.Setting) bool { return s.Key == key })
}

func (s *setting) write(text *strings.Builder) {
	for _, why := range s.why {
		writeComment(text, why)
	}
	if s.asleep {
		text.WriteString("# ")
	}
	fmt.Fprintf(text, "%s = %s\n", s.key, s.value)
}

func (t *table) write(text *strings.Builder) {
	for _, why := range t.why {
		writeComment(text, why)
	}
	if t.asleep {
		text.WriteString("# ")
	}
	fmt.Fprintf(text, "[[%s]]\n", t.kind)
	for _, s := range t.keys {
		s.asleep = t.asleep
		s.write(text)
	}
}

// set gives the table a key.
func (t *table) set(key, value string, why ...string) {
	t.keys = append(t.keys, setting{key: key, value: value, why: why})
}

// value is that of a key as TOML has it, or nothing.
func (t *table) value(key string) string {
	i := slices.IndexFunc(t.keys, func(s setting) bool { return s.key == key })
	if i < 0 {
		return ""
	}
	return t.keys[i].value
}

// text is the value of a key whose value is text without anything to be escaped, or as it is quoted.
func (t *table) text(key string) string { return strings.Trim(t.value(key), `"`) }

// writeLeft lists what was not taken over, group by group.
func (d *Draft) writeLeft(text *strings.Builder) {
	slices.SortStableFunc(d.left, func(a, b remark) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.place.file, b.place.file), cmp.Compare(a.place.line, b.place.line))
	})
	for i, r := range d.left {
		if i == 0 || d.left[i-1].group != r.group {
			text.WriteString("\n")
			writeComment(text, groupTitles[r.group]+":")
			writeComment(text, "")
		}
		line := r.place.String() + ": " + r.text
		if r.why != "" {
			line += ": " + r.why
		}
		writeComment(text, "  "+line)
	}
}

// writeComment writes lines of comment. What comes from a file may have anything in it, also the end of a line.
func writeComment(text *strings.Builder, comment string) {
	for line := range strings.SplitSeq(comment, "\n") {
		line = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0x7F || r == '\uFFFD' {
				return ' '
			}
			return r
		}, line)
		text.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
}
