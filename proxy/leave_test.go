package proxy

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// tune changes what is not in the configuration.
func (f *front) tune(change func(*rules)) *front {
	rules := *f.proxy.rules.Load()
	change(&rules)
	f.proxy.rules.Store(&rules)
	return f
}

// hasten makes the front give silent connections to the loop of quiet ones after stay.
func (f *front) hasten(stay time.Duration) *front {
	return f.tune(func(r *rules) { r.stay = stay })
}

// bySocket has the front listen on a unix socket: there a client sees what the server has read.
func bySocket(t *testing.T) func(*config.Proxy) {
	path := filepath.Join(t.TempDir(), "s")
	return func(cfg *config.Proxy) { cfg.Bind = []string{"unix:" + path} }
}

// emptied waits until no connection is open.
func (f *front) emptied() {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		f.proxy.door.mu.Lock()
		defer f.proxy.door.mu.Unlock()
		return len(f.proxy.door.open) == 0
	}, patience, 50*time.Microsecond)
}

// streaming is an application that answers /stream with what is written into the spools it hands out, and all else at once.
func streaming(limits spool.Limits) (*application, chan *spool.Spool) {
	spools := make(chan *spool.Spool, 1)
	return &application{answer: func(seen call) (*python.Response, error) {
		resp := whole("200 OK", "")
		if seen.environ["PATH_INFO"] == "/stream" {
			resp.Stream = spool.New(limits)
			_, _ = resp.Stream.Write([]byte("first")) // there is room
			spools <- resp.Stream
		}
		return resp, nil
	}}, spools
}

const getStream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"

// TestAClientThatLeavesWhileNothingHappens is noticed all the same, whatever the connection has been through.
func TestAClientThatLeavesWhileNothingHappens(t *testing.T) {
	before := map[string]func(t *testing.T, f *front, c *client, spools chan *spool.Spool){
		"nothing": func(*testing.T, *front, *client, chan *spool.Spool) {},
		"a rest": func(t *testing.T, f *front, c *client, _ chan *spool.Spool) {
			c.open()
			require.Eventually(t, func() bool { return f.proxy.quiet.Len() == 1 }, patience, time.Millisecond)
		},
		"a stream and a rest": func(t *testing.T, f *front, c *client, spools chan *spool.Spool) {
			c.send(strings.Replace(getStream, " HTTP", "?before HTTP", 1))
			(<-spools).End(nil)
			c.next("GET")
			require.Eventually(t, func() bool { return f.proxy.quiet.Len() == 1 }, patience, time.Millisecond)
		},
	}
	leave := map[string]func(c *client) error{
		"close":      func(c *client) error { return c.Close() },
		"half-close": func(c *client) error { return c.Conn.(*net.TCPConn).CloseWrite() },
		"reset": func(c *client) error {
			_ = c.Conn.(*net.TCPConn).SetLinger(0)
			return c.Close()
		},
	}
	for name, prepare := range before {
		for how, leave := range leave {
			t.Run(name+", "+how, func(t *testing.T) {
				app, spools := streaming(spool.Limits{Memory: 1 << 10})
				f := startFront(t, app).tune(func(r *rules) { r.stay, r.halfClosed = time.Millisecond, 20*time.Millisecond })
				c := f.dial()
				prepare(t, f, c, spools)
				c.send(getStream)
				out := <-spools
				body := c.head("GET").Body
				_, err := io.ReadFull(body, make([]byte, 5))
				require.NoError(t, err)
				require.NoError(t, leave(c))
				f.linesNow(t, "/stream HTTP/1.1\" 200 5 ")
				_, err = out.Write([]byte("x"))
				require.ErrorIs(t, err, spool.ErrReaderGone)
				f.emptied()
				assert.Zero(t, f.proxy.quiet.Len())
			})
		}
	}
}

// TestAHalfClosedClientThatReadsSlowly has not left: what there is waits for it, and not it for the application.
func TestAHalfClosedClientThatReadsSlowly(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 1<<20)
	out := spool.New(spool.Limits{Memory: 32 << 20})
	_, err := out.Write([]byte(body))
	require.NoError(t, err)
	out.End(nil)
	f := startFront(t, answering(func() *python.Response {
		resp := whole("200 OK", "")
		resp.Stream = out
		return resp
	})).tune(func(r *rules) { r.halfClosed = time.Millisecond })
	c := f.dial().send(get)
	require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
	<-time.After(100 * time.Millisecond) // many times longer than a client may wait for nothing
	answer := c.next("GET")
	require.NoError(t, answer.err)
	assert.Equal(t, hash(body), hash(answer.body))
}

// TestAClientThatLeavesWithItsExpectation: it is gone before it could be told to go on.
func TestAClientThatLeavesWithItsExpectation(t *testing.T) {
	app := &application{}
	f := startFront(t, app, bySocket(t))
	c := f.dial().send(post("Content-Length: 3\r\nExpect: 100-continue\r\n", ""))
	require.NoError(t, c.Close())
	assert.Contains(t, f.linesNow(t, "\n"), " 499 ")
	assert.Empty(t, app.seen())
	assert.Len(t, f.lines(), 1)
	assert.NotContains(t, f.log.String(), "level=ERROR")
}

// TestABodyThatWasReadDoesNotEndTheConnection: also if a file is the answer.
func TestABodyThatWasReadDoesNotEndTheConnection(t *testing.T) {
	for name, raw := range map[string]string{"length": withLength("abc"), "chunks": inChunks("abc", 2), "to a file": withLength(strings.Repeat("x", 500))} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(func() *python.Response { return filed(t, "hello", 0, 5) }), small)
			c := f.dial()
			answer := c.ask(raw)
			assert.Equal(t, "hello", answer.body)
			assert.False(t, answer.Close)
			c.open()
		})
	}
}

// TestTheLastAnswerOfAPipelineIsNotLost: the client did not know that it is the last, and has sent more. A reset would
// take away what it has not read.
func TestTheLastAnswerOfAPipelineIsNotLost(t *testing.T) {
	body := strings.Repeat("x", 300_000)
	for name, more := range map[string]string{"a request": get, "many": strings.Repeat(get, 20_000)} {
		t.Run(name, func(t *testing.T) {
			app := answering(func() *python.Response { return whole("200 OK", body) })
			f := startFront(t, app, func(cfg *config.Proxy) { cfg.KeepAliveRequests = 2 })
			c := f.dial()
			sent := make(chan error, 1)
			go func() { // ends when all is sent
				_, err := io.WriteString(c, get+get+more)
				sent <- err
			}()
			for range 2 {
				answer := c.next("GET")
				require.NoError(t, answer.err)
				assert.Len(t, answer.body, len(body))
			}
			c.closed()
			require.NoError(t, <-sent)
			require.NoError(t, c.Close())
			assert.Len(t, app.seen(), 2)
			assert.Len(t, f.lines(), 2)
		})
	}
}
