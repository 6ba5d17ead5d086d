package forwarded

import "bytes"

// hostMax is the longest name that DNS knows, with a port.
const hostMax = 255 + len(":65535")

// validHost reports whether b is a host with an optional port, of the characters that names and addresses have: fewer
// than RFC 3986, section 3.2.2, allows, and the same that Django takes, and "_". Nothing in it can be taken for the
// beginning of a path or for a login.
func validHost(b []byte) bool {
	a, ok := cutPort(b)
	if !ok || len(b) > hostMax || a.hasPort && parsePort(a.port) == 0 {
		return false
	}
	if a.isV6 {
		return bytes.IndexByte(a.host, '%') < 0 && parseAddr(a.host).IsValid()
	}
	for _, c := range a.host {
		if !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return len(a.host) > 0
}
