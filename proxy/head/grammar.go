package head

import (
	"bytes"
	"net/netip"
	"strings"
)

// tokenBytes are those of a token (RFC 9110, section 5.6.2).
var tokenBytes = byteSet("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// hostBytes are those of a reg-name (RFC 3986, section 3.2.2), without the escapes that no name in use has.
var hostBytes = byteSet("-._~!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

func byteSet(s string) (set [256]bool) {
	for _, c := range []byte(s) {
		set[c] = true
	}
	return set
}

// IsToken reports whether b is a token, which methods and field names are.
func IsToken(b []byte) bool { return len(b) > 0 && consistsOf(b, &tokenBytes) }

// IsTokenByte reports whether c is a byte of a token.
func IsTokenByte(c byte) bool { return tokenBytes[c] }

// IsValueByte reports whether a field value can have c (RFC 9110, section 5.5).
func IsValueByte(c byte) bool { return (c >= ' ' && c != 0x7F) || c == '\t' }

// ControlByte returns the index of the first byte that a field value cannot have, as it would end the line early or be read
// in more ways than one (RFC 9110, section 5.5), or -1. It holds for what clients send and for what applications answer.
func ControlByte(value []byte) int {
	for i, c := range value {
		if !IsValueByte(c) {
			return i
		}
	}
	return -1
}

func consistsOf(b []byte, set *[256]bool) bool {
	for _, c := range b {
		if !set[c] {
			return false
		}
	}
	return true
}

// isHost reports whether b is a host with an optional port (RFC 9110, section 7.2). Empty is not: an http URI has a host
// (RFC 9110, section 4.2.1).
func isHost(b []byte) bool {
	host, port := b, []byte(nil)
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || !isIPv6(string(b[1:end])) {
			return false
		}
		rest := b[end+1:]
		return len(rest) == 0 || (rest[0] == ':' && isPort(rest[1:]))
	}
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		host, port = b[:i], b[i+1:]
	}
	return len(host) > 0 && consistsOf(host, &hostBytes) && isPort(port)
}

func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && !strings.Contains(s, "%")
}

// isPort accepts what may follow the colon: up to five digits, or nothing.
func isPort(b []byte) bool {
	if len(b) > 5 {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
