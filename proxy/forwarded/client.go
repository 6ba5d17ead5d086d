package forwarded

import (
	"bytes"
	"net/netip"
)

// Fields are the values of a request's field lines, in the order received, one for each line. They are borrowed until
// Resolve returns, and as long as the Client's Host is used. (The lines that fasthttp's PeekAll returns are overwritten
// by its next call.)
type Fields struct {
	Forwarded       [][]byte
	XForwardedFor   [][]byte
	XForwardedProto [][]byte
	XForwardedHost  [][]byte
	XForwardedPort  [][]byte
}

// Client is who sent a request, and what they asked for, as far as it is believed.
type Client struct {
	// Addr and Port are the client's. Addr is invalid when the peer of a unix socket told none; Port is 0 when unknown.
	Addr netip.Addr
	Port uint16
	// Scheme is "http" or "https", or empty: as the connection has it.
	Scheme string
	// Host is the host that the client asked for, with its port if it has one. It is empty when nobody told: it is the
	// Host field then. A proxy that does not set the field passes its client's on, so it is to be believed less than
	// the rest. Part of Fields.
	Host []byte
	// ServerPort is the port that the client asked; 0: as the connection has it.
	ServerPort uint16
}

// Resolve returns the client of a request that came from peer. The fields of a peer that is not trusted are ignored: a
// caller may ask Trusted first, and then need not gather them.
//
// Forwarded (RFC 7239) is read only if there is no X-Forwarded field at all. Proxies in the field set one family and
// know nothing of the other, so what stands in the other one is the client's; and nearly all set X-Forwarded: nginx,
// Caddy (caddyserver/caddy#3262), the clouds. waitress decides alike (Pylons/waitress#209): it reads X-Forwarded unless
// it was told that Forwarded is the only one.
func (t *Trust) Resolve(peer netip.AddrPort, unix bool, f Fields) Client {
	client := Client{Addr: peer.Addr().Unmap(), Port: peer.Port()}
	switch {
	case !t.Trusted(peer.Addr(), unix):
	case len(f.XForwardedFor)+len(f.XForwardedProto)+len(f.XForwardedHost)+len(f.XForwardedPort) > 0:
		t.readXForwarded(&client, &f)
	case len(f.Forwarded) > 0:
		t.readForwarded(&client, f.Forwarded)
	}
	return client
}

// readXForwarded takes the address that X-Forwarded-For leads to. The other fields are no lists by anybody's rule; if
// one is, its last element is what the peer has written, or its proxy before it: the only one that surely is no
// client's.
func (t *Trust) readXForwarded(client *Client, f *Fields) {
	chain := list{lines: f.XForwardedFor}
	for element, more := chain.next(); more; element, more = chain.next() {
		if !t.step(client, parseEntry(element)) {
			break
		}
	}
	client.Scheme = scheme(last(f.XForwardedProto))
	if host := last(f.XForwardedHost); validHost(host) {
		client.Host = host
	}
	client.ServerPort = parsePort(last(f.XForwardedPort))
}

// readForwarded takes what the elements tell. Each was written by the one whose address stands to the right of it, so
// all of an element is believed as soon as that address is trusted, and the one nearest to the client that tells
// counts.
func (t *Trust) readForwarded(client *Client, lines [][]byte) {
	chain := list{lines: lines, quoted: true}
	for raw, more := chain.next(); more; raw, more = chain.next() {
		e, ok := parseElement(raw)
		if !ok {
			return
		}
		if s := scheme(e.proto); s != "" {
			client.Scheme = s
		}
		if validHost(e.host) {
			client.Host = e.host
		}
		if !t.step(client, parseNode(e.node)) {
			return
		}
	}
}

// step makes addr the client and reports whether the walk goes on, which it does if addr is trusted in its turn. An
// invalid one, something that is no address or a hidden one, ends the walk where it is: who wrote it is trusted, and
// who is meant is not known.
func (t *Trust) step(client *Client, addr netip.AddrPort) bool {
	if !addr.IsValid() {
		return false
	}
	client.Addr, client.Port = addr.Addr(), addr.Port()
	return t.Trusted(addr.Addr(), false)
}

// scheme returns "http" or "https", or nothing for everything else.
func scheme(value []byte) string {
	for _, s := range [...]string{"http", "https"} {
		// The length keeps out letters beyond ASCII that fold to s.
		if len(value) == len(s) && bytes.EqualFold(value, []byte(s)) {
			return s
		}
	}
	return ""
}
