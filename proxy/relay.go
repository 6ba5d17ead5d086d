package proxy

import (
	"errors"
	"net/netip"

	"forebay/proxy/proxyproto"
)

// greet reads the header of the PROXY protocol on a connection that must begin with one. What follows on it is the
// client's own.
func (c *conn) greet() error {
	for c.relayed {
		header, size, err := proxyproto.Parse(c.in.pending())
		switch {
		case err == nil:
			c.in.r += size
			c.relayed = false
			c.introduce(header)
			return c.claim()
		case !errors.Is(err, proxyproto.ErrMore):
			c.sock.Leave() // a line in the log may have to wait
			c.p.log.Warn("connection dropped", "peer", c.Conn.RemoteAddr().String(), "error", err)
			return err
		}
		n, err := c.read(c.in.room(), c.begun.Add(c.rules.cfg.HeadTimeout))
		if err != nil {
			return err
		}
		c.in.w += n
	}
	return nil
}

// introduce puts the client in the place of the relay.
func (c *conn) introduce(h proxyproto.Header) {
	switch {
	case h.Local:
	case h.Unix:
		c.unix = true
		c.remote, c.remoteAddr, c.remotePort = netip.AddrPort{}, nil, nil
	default:
		c.unix = false
		c.setRemote(h.Source)
		c.setLocal(h.Destination)
	}
}
