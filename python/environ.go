package python

import (
	"encoding/binary"
	"strconv"
)

// Field is one field line of a message: name and value as bytes, without the white space around the value.
type Field struct {
	Name, Value []byte
}

// Meta is what an environ is made from, beside the body. Everything in it may be borrowed; nothing is kept.
type Meta struct {
	Method   []byte
	Target   []byte // the request target as received: RAW_URI and REQUEST_URI
	Path     []byte // its path, percent-decoded, without SCRIPT_NAME: PATH_INFO
	Query    []byte // without the question mark: QUERY_STRING
	Protocol []byte // "HTTP/1.1"

	Scheme     string // "http" or "https"
	Host       []byte // the host the client asked for, when it is not the Host field's; empty: the field's
	ServerName []byte
	ServerPort []byte
	RemoteAddr []byte
	RemotePort []byte
	RequestID  []byte

	// HasLength says that the request has a body, maybe an empty one: it came with Content-Length or chunked. Then
	// CONTENT_LENGTH is the body's real size, so that a chunked body reaches the application as an ordinary one.
	HasLength bool

	// Fields are the field lines in the order received.
	Fields []Field
}

// The keys that hold one value of Meta each, as they stand on the wire.
var (
	keyMethod        = textKey("REQUEST_METHOD")
	keyPath          = textKey("PATH_INFO")
	keyQuery         = textKey("QUERY_STRING")
	keyRawURI        = textKey("RAW_URI")
	keyRequestURI    = textKey("REQUEST_URI")
	keyProtocol      = textKey("SERVER_PROTOCOL")
	keyScheme        = textKey("wsgi.url_scheme")
	keyServerName    = textKey("SERVER_NAME")
	keyServerPort    = textKey("SERVER_PORT")
	keyRemoteAddr    = textKey("REMOTE_ADDR")
	keyRemotePort    = textKey("REMOTE_PORT")
	keyRequestID     = textKey("forebay.request_id")
	keyContentType   = textKey("CONTENT_TYPE")
	keyContentLength = textKey("CONTENT_LENGTH")
	keyHost          = textKey("HTTP_HOST")
)

func textKey(name string) string { return string(appendString(nil, name)) }

// appendEnviron appends the environ of a request as a marshal dict. size is that of the body.
//
// Field names become keys as RFC 3875, section 4.1.18, has it: upper case, "-" to "_", "HTTP_" before. Names that could be
// mistaken for another field's key after that, and those the front has dealt with, are left out: see dropped.
func appendEnviron(b []byte, m *Meta, size int64) []byte {
	b = append(b, codeDict)
	b = appendPair(b, keyMethod, m.Method)
	b = appendPair(b, keyPath, m.Path)
	b = appendPair(b, keyQuery, m.Query)
	b = appendPair(b, keyRawURI, m.Target)
	b = appendPair(b, keyRequestURI, m.Target)
	b = appendPair(b, keyProtocol, m.Protocol)
	b = append(b, keyScheme...)
	b = appendString(b, m.Scheme)
	b = appendPair(b, keyServerName, m.ServerName)
	b = appendPair(b, keyServerPort, m.ServerPort)
	b = appendPair(b, keyRemoteAddr, m.RemoteAddr)
	b = appendPair(b, keyRemotePort, m.RemotePort)
	b = appendPair(b, keyRequestID, m.RequestID)
	if m.HasLength {
		b = append(b, keyContentLength...)
		var digits [20]byte
		b = appendText(b, strconv.AppendInt(digits[:0], size, 10))
	}
	if len(m.Host) > 0 {
		b = appendPair(b, keyHost, m.Host)
	}
	b = appendFields(b, m)
	return append(b, codeNull)
}

func appendPair(b []byte, key string, value []byte) []byte {
	return appendText(append(b, key...), value)
}

// appendFields appends a pair for each field name. Lines of one name are joined in order with ", " (RFC 9110, section
// 5.3), Cookie's with "; " (RFC 6265, section 5.4).
func appendFields(b []byte, m *Meta) []byte {
	repeated := hasRepeats(m.Fields)
	for i, f := range m.Fields {
		if dropped(f.Name) || (len(m.Host) > 0 && EqualFold(f.Name, "host")) {
			continue
		}
		if repeated && firstOf(m.Fields, i) < i {
			continue // joined to the first already
		}
		if EqualFold(f.Name, "content-type") {
			b = append(b, keyContentType...)
		} else {
			b = appendName(b, f.Name)
		}
		start := len(b)
		b = appendText(b, f.Value)
		if repeated {
			b = joinRepeats(b, start, m.Fields, i)
		}
	}
	return b
}

// joinRepeats appends the values of later fields with the name of field i to the text that starts at start.
func joinRepeats(b []byte, start int, fields []Field, i int) []byte {
	separator := ", "
	if EqualFold(fields[i].Name, "cookie") {
		separator = "; "
	}
	for _, f := range fields[i+1:] {
		if sameName(f.Name, fields[i].Name) {
			b = append(b, separator...)
			b = appendLatin1(b, f.Value)
		}
	}
	binary.LittleEndian.PutUint32(b[start+1:], uint32(len(b)-start-5))
	return b
}

// hasRepeats reports whether two fields may have the same name. A sketch of the names seen answers no at once for
// nearly every request.
func hasRepeats(fields []Field) bool {
	var seen uint64
	for _, f := range fields {
		if len(f.Name) == 0 {
			continue
		}
		first, last := f.Name[0]|0x20, f.Name[len(f.Name)-1]|0x20
		bit := uint64(1) << ((uint(len(f.Name))*7 + uint(first)*3 + uint(last)) & 63)
		if seen&bit != 0 {
			return true
		}
		seen |= bit
	}
	return false
}

// firstOf returns the index of the first field with the name of field i.
func firstOf(fields []Field, i int) int {
	for j, f := range fields[:i] {
		if sameName(f.Name, fields[i].Name) {
			return j
		}
	}
	return i
}

// dropped reports whether a field never becomes a key of the environ.
//
// Names with "_" would have the key of another field (nginx drops them, too); Proxy would be HTTP_PROXY, which libraries
// take for a setting (httpoxy, CVE-2016-5385). Content-Length is written from the body. Transfer-Encoding, Trailer and
// Expect speak of a transfer that has ended before the application is called.
func dropped(name []byte) bool {
	for _, c := range name {
		if c == '_' {
			return true
		}
	}
	switch len(name) {
	case len("proxy"):
		return EqualFold(name, "proxy")
	case len("expect"):
		return EqualFold(name, "expect")
	case len("trailer"):
		return EqualFold(name, "trailer")
	case len("content-length"):
		return EqualFold(name, "content-length")
	case len("transfer-encoding"):
		return EqualFold(name, "transfer-encoding")
	}
	return false
}

// appendName appends the key HTTP_NAME.
func appendName(b, name []byte) []byte {
	b = append(b, codeText)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)+5))
	b = append(b, "HTTP_"...)
	for _, c := range name {
		b = append(b, keyByte[c])
	}
	return b
}

// keyByte maps a byte of a field name to that of its key. Names are tokens (RFC 9110, section 5.6.2), checked before.
var keyByte = func() (t [256]byte) {
	for c := range t {
		t[c] = byte(c)
		if 'a' <= c && c <= 'z' {
			t[c] -= 'a' - 'A'
		}
	}
	t['-'] = '_'
	return t
}()

// EqualFold reports whether name is lower, which is in lower case, but for the case of ASCII letters.
func EqualFold(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// sameName reports whether two names are one field's. "-" and "_" have the same key but are not the same: a dropped name
// must not be joined to a field, or stand before one and take its place.
func sameName(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && (keyByte[c] != keyByte[b[i]] || keyByte[c] == '_') {
			return false
		}
	}
	return true
}
