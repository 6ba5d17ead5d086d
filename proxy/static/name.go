package static

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// wellKnown is the one name with a dot in front that is served by all means: RFC 8615 has agreed on it for files that are
// meant to be found.
const wellKnown = ".well-known"

// servable reports whether a decoded name may be asked of a file system at all: segments joined by single slashes, none
// of them empty, "." or "..", and none hidden unless hidden ones are served. The last segment may be empty: then it is the
// name of a directory. A backslash or a NUL is not taken for a byte of a name.
func servable(name []byte, hidden bool) bool {
	if bytes.IndexByte(name, 0) >= 0 || bytes.IndexByte(name, '\\') >= 0 {
		return false
	}
	for len(name) > 0 {
		segment, rest, _ := bytes.Cut(name, slash)
		if len(segment) == 0 || segment[0] == '.' && !mayBegin(segment, hidden) {
			return false
		}
		name = rest
	}
	return true
}

var slash = []byte{'/'}

// mayBegin reports whether a segment may begin with the dot that it begins with.
func mayBegin(segment []byte, hidden bool) bool {
	if hidden {
		return string(segment) != "." && string(segment) != ".."
	}
	return string(segment) == wellKnown
}

// hasEscapedSlash reports whether a raw path has %2F in it. To some that is a slash and to some a byte of a name
// (RFC 3986, section 2.2, keeps them apart), so a rule on the path and the file system could read it differently.
func hasEscapedSlash(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '%')
		if i < 0 || len(raw) < i+3 {
			return false
		}
		if raw[i+1] == '2' && raw[i+2]|0x20 == 'f' {
			return true
		}
		raw = raw[i+3:]
	}
}

// hasExtension reports whether a name has one of the endings; without endings every name does.
func hasExtension(name string, extensions []string) bool {
	if len(extensions) == 0 {
		return true
	}
	return slices.Contains(extensions, strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")))
}
