package forwarded

import "bytes"

// element is what one proxy wrote into Forwarded (RFC 7239, section 4). What it did not tell is nil.
type element struct {
	node  []byte // for
	proto []byte
	host  []byte
}

// parseElement reads the pairs of an element. White space around the semicolons is let pass, as many write it, and
// parameters that we do not know are. One of ours that comes twice spoils the element (section 4), as does all else
// that is not by the grammar.
func parseElement(b []byte) (element, bool) {
	var e element
	for len(b) > 0 {
		if b[0] == ';' || b[0] == ' ' || b[0] == '\t' {
			b = b[1:]
			continue
		}
		name, value, rest, ok := cutPair(b)
		if !ok || !e.set(name, value) {
			return element{}, false
		}
		b = rest
	}
	return e, true
}

// set takes a parameter, and reports whether it is new.
func (e *element) set(name, value []byte) bool {
	var into *[]byte
	switch {
	case bytes.EqualFold(name, []byte("for")):
		into = &e.node
	case bytes.EqualFold(name, []byte("proto")):
		into = &e.proto
	case bytes.EqualFold(name, []byte("host")):
		into = &e.host
	default:
		return true
	}
	isNew := *into == nil
	*into = value
	return isNew
}

// cutPair cuts "name=value", and the white space and semicolon behind it, off b. The quotes of a value are taken off;
// value is never nil.
func cutPair(b []byte) (name, value, rest []byte, ok bool) {
	name, b, ok = bytes.Cut(b, []byte{'='})
	if !ok || !isToken(name) || len(b) == 0 {
		return nil, nil, nil, false
	}
	if b[0] == '"' {
		value, rest, ok = cutQuoted(b)
	} else {
		end := bytes.IndexAny(b, "; \t")
		if end < 0 {
			end = len(b)
		}
		value, rest = b[:end], b[end:]
		ok = isToken(value)
	}
	rest = trim(rest)
	if !ok || len(rest) > 0 && rest[0] != ';' {
		return nil, nil, nil, false
	}
	return name, value, rest, true
}

// cutQuoted cuts a quoted string off b. What is escaped in it stays so: no address, scheme or host has use for that,
// and with its backslash it is none.
func cutQuoted(b []byte) (value, rest []byte, ok bool) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// isToken reports whether b is a token (RFC 9110, section 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		if !isAlphanumeric(c) && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
