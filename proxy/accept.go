package proxy

import (
	"errors"
	"net"
	"time"

	"forebay/proxy/reactor"
)

// acceptFrom begins to accept. It is called with mu held.
func (p *Proxy) acceptFrom(listeners []*listener) {
	for _, l := range listeners {
		door, err := p.reactor.Listen(l.Listener, p.enter, l.refused)
		if err == nil {
			l.door = door
			continue
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			p.log.Warn("each connection has a goroutine", "address", l.bind, "error", err)
		}
		p.accepting.Go(func() { p.accept(l) }) // ends when the listener is closed
	}
}

// enter is called by the reactor with each connection that it has accepted.
func (p *Proxy) enter(s *reactor.Socket) {
	c := &conn{Conn: s, sock: s, p: p, rules: p.rules.Load(), begun: time.Now()}
	c.idleSince = c.begun
	c.raw = s.Raw()
	c.entry.Guest, c.entry.FD = c, s.FD()
	c.setAddresses(s.Remote(), s.Local())
	s.Guest = c
	c.enter()
}

// Serve is called by the reactor when the client may have sent something.
func (c *conn) Serve() {
	if c.unwelcome != nil {
		c.p.turnAway(c, c.unwelcome)
		return
	}
	c.serve()
}

// Silent is called by the reactor when the client was silent for a while after its last request: the loop of quiet
// connections has it from then on.
func (c *conn) Silent() {
	if !c.rest() {
		c.restless = true // or it would rest where it has just come from, again and again
		go c.serve()      // ends when the client is silent again, or with the connection
	}
}

// accept takes connections until the listener is closed, and gives each a goroutine: where there is no reactor.
func (p *Proxy) accept(ln net.Listener) {
	for {
		raw, err := ln.Accept()
		if err != nil {
			return
		}
		c, err := newConn(p, raw)
		if err != nil {
			p.log.Debug("connection not served", "error", err)
			_ = raw.Close() // the error that counts is the other
			continue
		}
		c.enter()
		go c.Serve() // ends when the client is silent, or with the connection
	}
}
