package conditional

import "bytes"

// comparison is one of the two functions of RFC 9110, section 8.8.3.2.
type comparison func(a, b []byte) bool

// strong: the same opaque-tag, and neither is weak.
func strong(a, b []byte) bool { return len(a) > 0 && a[0] == '"' && bytes.Equal(a, b) }

// weak: the same opaque-tag.
func weak(a, b []byte) bool {
	a, b = bytes.TrimPrefix(a, weakMark), bytes.TrimPrefix(b, weakMark)
	return len(a) > 0 && bytes.Equal(a, b)
}

var weakMark = []byte("W/")

// listHas reports whether a field of entity-tags, or "*", covers the tag. "*" covers what exists, whatever its tag. What
// follows the first thing that is no tag does not count.
func listHas(list, tag []byte, same comparison) bool {
	list = trimSpace(list)
	if len(list) == 1 && list[0] == '*' {
		return true
	}
	list = skipCommas(list)
	for {
		one, rest := cutTag(list)
		if len(one) == 0 {
			return false
		}
		if same(one, tag) {
			return true
		}
		list = skipCommas(rest)
		if len(list) == len(rest) {
			return false // two tags with nothing between them, or the end
		}
	}
}

// skipCommas takes commas, and the space around them, off the front: an element of a list may be empty (section 5.6.1).
// Space without a comma stays.
func skipCommas(b []byte) []byte {
	for {
		rest := trimSpace(b)
		if len(rest) == 0 || rest[0] != ',' {
			return b
		}
		b = trimSpace(rest[1:])
	}
}

// cutTag takes an entity-tag off the front of b, or nothing if none stands there.
func cutTag(b []byte) (tag, rest []byte) {
	at := 0
	if bytes.HasPrefix(b, weakMark) {
		at = len(weakMark)
	}
	if len(b) <= at || b[at] != '"' {
		return nil, b
	}
	for i := at + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[:i+1], b[i+1:]
		case c < 0x21 || c == 0x7F:
			return nil, b // etagc, section 8.8.3
		}
	}
	return nil, b
}

// trimSpace takes optional white space off both ends (section 5.6.3).
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
