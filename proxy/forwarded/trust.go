// Package forwarded finds out who the client is when a proxy stands in between.
//
// It promises that only what a trusted proxy has written is believed. Each proxy of a chain adds to the right end of
// its fields, so they are read from the right to the left, and no further than to the first address that is not
// trusted: what stands left of it, its owner may have made up.
package forwarded

import (
	"errors"
	"fmt"
	"net/netip"
)

// Trust knows which peers are proxies whose fields are believed. It is never changed, so many goroutines may use it at
// once.
type Trust struct {
	everybody bool
	unix      bool
	networks  []netip.Prefix
}

// New makes a Trust of "*" (everybody), "unix" (every peer of a unix socket), addresses and networks (CIDR). An empty
// list trusts nobody. With "*" the leftmost address is the client's, which anybody can make up: it is for a port that
// only proxies reach. The error names every entry that is none of these.
func New(list []string) (*Trust, error) {
	t := &Trust{}
	var faults []error
	for _, entry := range list {
		switch entry {
		case "*":
			t.everybody = true
		case "unix":
			t.unix = true
		default:
			network, err := parseNetwork(entry)
			if err != nil {
				faults = append(faults, fmt.Errorf("trusted proxy %q: %w", entry, err))
			}
			t.networks = append(t.networks, network)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return t, nil
}

// parseNetwork reads an address or a network. An IPv4-mapped one is the IPv4 one that it maps.
func parseNetwork(entry string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		addr, addrErr := netip.ParseAddr(entry)
		if addrErr != nil || addr.Zone() != "" {
			return netip.Prefix{}, errors.New(`neither "*" nor "unix" nor an address nor a network such as 10.0.0.0/8`)
		}
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	if network != network.Masked() {
		return netip.Prefix{}, fmt.Errorf("bits are set beyond the mask: %s is meant, or one address", network.Masked())
	}
	const mapped = 128 - 32
	if network.Addr().Is4In6() && network.Bits() >= mapped {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped)
	}
	return network, nil
}

// Trusted reports whether the fields of a peer are believed. A peer of a unix socket has no address: unix says so.
func (t *Trust) Trusted(peer netip.Addr, unix bool) bool {
	if t.everybody {
		return true
	}
	if unix {
		return t.unix
	}
	if len(t.networks) == 0 {
		return false
	}
	peer = peer.Unmap().WithZone("") // a network contains no address with a zone
	for _, network := range t.networks {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}
