package admin

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// isOurs reports whether a Host names this listener in a way that nobody else can bring about: an address, localhost, which
// no resolver may look up elsewhere (RFC 6761, section 6.3), or a name that the configuration or the certificate has.
func (e *Entry) isOurs(field string) bool {
	host := strings.ToLower(hostOf(field))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && (host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(e.names, host))
}

// hostOf is the field without the port and the brackets of an IPv6 address.
func hostOf(field string) string {
	if host, _, err := net.SplitHostPort(field); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(field, "["), "]")
}
