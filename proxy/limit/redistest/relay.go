package redistest

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// Relay stands between a client and a server, on a port of the loopback interface, and may be slow or drop what it is
// given. Safe for concurrent use.
type Relay struct {
	ln net.Listener
	to string // a unix socket

	mu    sync.Mutex
	delay time.Duration
	drops bool
	open  map[net.Conn]struct{}
	ended bool
	all   sync.WaitGroup
}

// NewRelay runs a relay to a unix socket until the end of the test.
func NewRelay(t T, to string) *Relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &Relay{ln: ln, to: to, open: map[net.Conn]struct{}{}}
	r.all.Go(r.accept) // ends when the listener is closed
	t.Cleanup(r.end)
	return r
}

// URL is where it is, in the form of the configuration.
func (r *Relay) URL() string { return "redis://" + r.ln.Addr().String() }

// Delay makes each piece that passes take so much longer, in both directions.
func (r *Relay) Delay(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = d
}

// Drop decides whether what comes from now on gets nowhere. The connections stay open.
func (r *Relay) Drop(drops bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drops = drops
}

// Cut closes all connections.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Close() // that is all there is to it
	}
}

func (r *Relay) end() {
	_ = r.ln.Close() // nobody connects any more
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.Cut()
	r.all.Wait()
}

func (r *Relay) accept() {
	for {
		client, err := r.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", r.to)
		if err != nil || !r.keep(client, server) {
			_ = client.Close() // as the server would have done
			continue
		}
		r.all.Go(func() { r.pass(client, server) }) // each ends with either connection
		r.all.Go(func() { r.pass(server, client) })
	}
}

func (r *Relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.ended {
			_ = c.Close() // the test is over
		}
		r.open[c] = struct{}{}
	}
	return !r.ended
}

func (r *Relay) pass(from, to net.Conn) {
	defer func() {
		_ = to.Close() // the other direction ends, too
		r.mu.Lock()
		delete(r.open, from)
		r.mu.Unlock()
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && !r.send(to, b[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// send sends a piece, when its time has come.
func (r *Relay) send(to io.Writer, piece []byte) bool {
	r.mu.Lock()
	delay, drops := r.delay, r.drops
	r.mu.Unlock()
	if drops {
		return true
	}
	time.Sleep(delay) // this is what it is for
	_, err := to.Write(piece)
	return err == nil
}
