package forwarded

import (
	"bytes"
	"net/netip"
)

// nodeMax is longer than any address with zone and port.
const nodeMax = 128

// parseEntry reads an element of X-Forwarded-For: an address, maybe with a port, an IPv6 one maybe in brackets.
// IPv4-mapped ones become IPv4 and zones are dropped, as they mean something to their own host only. Invalid: no
// address.
func parseEntry(b []byte) netip.AddrPort {
	if bytes.Count(b, []byte{':'}) > 1 && b[0] != '[' {
		return netip.AddrPortFrom(parseAddr(b), 0)
	}
	return parseNode(b)
}

// parseNode reads a node of RFC 7239, section 6, where IPv6 always has brackets. Invalid: no address, among them
// "unknown" and names that hide one, such as "_gazonk". A hidden port is an unknown one.
func parseNode(b []byte) netip.AddrPort {
	n, ok := cutPort(b)
	if !ok {
		return netip.AddrPort{}
	}
	addr := parseAddr(n.host)
	port := parsePort(n.port)
	if !addr.IsValid() || n.hasPort && port == 0 && !isUnknownPort(n.port) {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, port)
}

// authority is a host and a port, as they stand side by side.
type authority struct {
	host, port []byte
	hasPort    bool
	isV6       bool // host stood in brackets, which are off, and has colons
}

// cutPort cuts "host", "host:port", "[v6]" and "[v6]:port", and says nothing of what they are made of but that what is
// in brackets, and nothing else, has colons.
func cutPort(b []byte) (a authority, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		a.host, a.port, a.hasPort = bytes.Cut(b, []byte{':'})
		return a, true
	}
	host, after, closed := bytes.Cut(b[1:], []byte{']'})
	a.host, a.isV6 = host, true
	a.port, a.hasPort = bytes.CutPrefix(after, []byte{':'})
	return a, closed && (len(after) == 0 || a.hasPort) && bytes.IndexByte(host, ':') >= 0
}

// parseAddr reads an address; the zero Addr is none.
func parseAddr(b []byte) netip.Addr {
	if len(b) > nodeMax {
		return netip.Addr{}
	}
	b, zone, hasZone := bytes.Cut(b, []byte{'%'})
	addr, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap()
	if hasZone && (len(zone) == 0 || addr.Is4()) {
		return netip.Addr{}
	}
	return addr
}

// parsePort reads a port; 0 is none.
func parsePort(b []byte) uint16 {
	if len(b) == 0 || len(b) > 5 {
		return 0
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	if n > 65535 {
		return 0
	}
	return uint16(n)
}

// isUnknownPort reports whether b says that the port is not told: 0, or a name as in RFC 7239, section 6.3.
func isUnknownPort(b []byte) bool {
	return string(b) == "0" || len(b) > 1 && b[0] == '_' && isToken(b)
}
