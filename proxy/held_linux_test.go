package proxy

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/config"
)

// pair returns a connection that belongs to a proxy with cfg, and its client.
func pair(t *testing.T, cfg config.Proxy) (*conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	client, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() }) // for the second time
	accepted, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = accepted.Close() }) // as above
	p := &Proxy{ids: newIDs()}
	r, err := newRules(Settings{Proxy: cfg})
	require.NoError(t, err)
	p.rules.Store(r)
	c, err := newConn(p, accepted)
	require.NoError(t, err)
	return c, client
}

// fill writes until the kernel takes nothing more for a client that does not read.
func fill(t *testing.T, c *conn) {
	t.Helper()
	piece := make([]byte, 1<<20)
	require.NoError(t, c.raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Write(int(fd), piece)
			if err != nil {
				require.ErrorIs(t, err, unix.EAGAIN)
				return
			}
			c.written += int64(n)
		}
	}))
}

// TestASlowClientIsNotASilentOne: the kernel takes megabytes at once for a client that reads slowly, and then nothing for
// minutes. What the client has taken meanwhile counts, and what lies in the kernel does not.
func TestASlowClientIsNotASilentOne(t *testing.T) {
	cfg := config.Default().Proxy
	cfg.SendTimeout = 1 // so that only a client that was seen to take something just now is in time
	c, client := pair(t, cfg)
	late := func() error { return c.slow(c.renew(), 0, os.ErrDeadlineExceeded) }
	waitFor := func(what string, done func() bool) {
		for deadline := time.Now().Add(patience); !done(); {
			require.False(t, time.Now().After(deadline), what)
		}
	}

	fill(t, c)
	_ = late() // the first look: from here on it counts
	waitFor("it still takes something", func() bool { fill(t, c); return late() != nil })
	require.ErrorIs(t, late(), errSendTimeout)
	require.Less(t, c.landed(), c.written)
	const rate = 1 << 20
	assert.Less(t, c.slack(rate), time.Duration(c.written)*time.Second/rate+cfg.SendMinRateAfter, "bought by what it has not taken")

	before := c.landed()
	waitFor("the kernel does not say that it has taken something", func() bool {
		_, err := io.CopyN(io.Discard, client, 64<<10)
		require.NoError(t, err)
		return c.landed() > before
	})
	assert.NoError(t, late())
}
