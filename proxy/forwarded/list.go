package forwarded

import "bytes"

// list gives the elements of a list field, which may have several lines, from the right to the left. Empty elements are
// left out (RFC 9110, section 5.6.1.2). What it gives depends on nothing that stands further left: a quote that a
// client has opened there swallows no element of a proxy's.
type list struct {
	lines  [][]byte // not begun yet
	line   []byte   // what is left of the line that is being read
	quoted bool     // a comma in a quoted string is none
}

func (l *list) next() (element []byte, more bool) {
	for len(l.line) > 0 || len(l.lines) > 0 {
		if len(l.line) == 0 {
			end := len(l.lines) - 1
			l.lines, l.line = l.lines[:end], l.lines[end]
		}
		comma := bytes.LastIndexByte(l.line, ',')
		if l.quoted {
			comma = lastUnquotedComma(l.line)
		}
		element = trim(l.line[comma+1:])
		l.line = l.line[:max(comma, 0)]
		if len(element) > 0 {
			return element, true
		}
	}
	return nil, false
}

// last returns the last element of a list field, or nil.
func last(lines [][]byte) []byte {
	l := list{lines: lines}
	element, _ := l.next()
	return element
}

// lastUnquotedComma returns where the last comma outside of quoted strings is, or -1. In a string, a quote with a
// backslash before it is one of its characters (RFC 9110, section 5.6.4).
func lastUnquotedComma(line []byte) int {
	quoted := false
	for i := len(line) - 1; i >= 0; i-- {
		switch {
		case line[i] == '"' && !escaped(line, i):
			quoted = !quoted
		case line[i] == ',' && !quoted:
			return i
		}
	}
	return -1
}

// escaped reports whether an odd number of backslashes stands before i.
func escaped(line []byte, i int) bool {
	n := len(line[:i]) - len(bytes.TrimRight(line[:i], `\`))
	return n%2 == 1
}

// trim takes the optional white space off both ends (RFC 9110, section 5.6.3).
func trim(b []byte) []byte { return bytes.Trim(b, " \t") }
