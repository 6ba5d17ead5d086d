package static

import (
	"bytes"
	"strings"
)

// wellKnown is the one name with a dot in front that is served: RFC 8615 has agreed on it for files that are meant to
// be found.
const wellKnown = ".well-known"

// servable reports whether a decoded name may be asked of a file system at all: segments joined by single slashes, none
// of them empty, "." or "..", and none hidden. A backslash or a NUL is not taken for a byte of a name.
func servable(name []byte) bool {
	if bytes.IndexByte(name, 0) >= 0 || bytes.IndexByte(name, '\\') >= 0 {
		return false
	}
	for {
		segment, rest, more := bytes.Cut(name, []byte{'/'})
		if len(segment) == 0 || segment[0] == '.' && string(segment) != wellKnown {
			return false
		}
		if !more {
			return true
		}
		name = rest
	}
}

// hasEscapedSlash reports whether a raw path has %2F in it. To some that is a slash and to some a byte of a name
// (RFC 3986, section 2.2, keeps them apart), so a rule on the path and the file system could read it differently.
func hasEscapedSlash(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '%')
		if i < 0 || len(raw) < i+3 {
			return false
		}
		if strings.EqualFold(string(raw[i+1:i+3]), "2f") {
			return true
		}
		raw = raw[i+3:]
	}
}
