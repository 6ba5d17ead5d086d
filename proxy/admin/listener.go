package admin

import (
	"crypto/tls"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// listener accepts connections with TLS, where the entry asks for it, and knows those that are open.
type listener struct {
	net.Listener
	entry *atomic.Pointer[Entry]

	mu   sync.Mutex
	open map[*conn]struct{}
}

func newListener(ln net.Listener, entry *atomic.Pointer[Entry]) *listener {
	return &listener{Listener: ln, entry: entry, open: map[*conn]struct{}{}}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, listener: l}
	l.mu.Lock()
	l.open[c] = struct{}{}
	l.mu.Unlock()
	if settings := l.entry.Load().tls; settings != nil {
		return tls.Server(c, settings), nil
	}
	return c, nil
}

// cut closes the connections that are open.
func (l *listener) cut() {
	l.mu.Lock()
	open := slices.Collect(maps.Keys(l.open))
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // nobody waits for what is left of it
	}
}

// conn bounds the time of each write by itself: fasthttp sets one deadline for a whole response, and a stream of events has
// no end.
type conn struct {
	net.Conn
	listener *listener
}

func (c *conn) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails only on a closed connection, as the write will
	return c.Conn.Write(b)
}

// Close may be called again.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
