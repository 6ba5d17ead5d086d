package key

import (
	"bytes"

	"forebay/python"
)

// appendCookie appends the value of a cookie. Frameworks do not agree on which of two cookies with one name counts, and
// take escapes in quotes apart: with either, a client could have a new key for each request, and the application would see
// the same cookie.
func appendCookie(b []byte, fields []python.Field, name string) ([]byte, presence) {
	var value []byte
	for _, field := range fields {
		if !python.EqualFold(field.Name, "cookie") {
			continue
		}
		for rest := field.Value; len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, semicolon)
			got, text, _ := bytes.Cut(pair, equals)
			if string(bytes.TrimSpace(got)) != name {
				continue
			}
			text = bytes.TrimSpace(text)
			if (value != nil && !bytes.Equal(value, text)) || bytes.IndexByte(text, '\\') >= 0 {
				return b, ambiguous
			}
			value = text
		}
	}
	if value = unquote(value); len(value) == 0 {
		return b, absent
	}
	return append(b, value...), present
}

var semicolon, equals = []byte(";"), []byte("=")

// unquote takes the quotes off that RFC 6265, section 4.1.1, allows around a value.
func unquote(value []byte) []byte {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}
