package proxy

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// TestNothingIsLeft: whatever clients do, and however they leave, there is no goroutine, no descriptor and no memory of
// bodies left of them, and each request has one line.
func TestNothingIsLeft(t *testing.T) {
	const connections = 30
	reset := func(c *client) {
		_ = c.Conn.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	halfClose := func(c *client) {
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c) // to the server's end, or its reset
		_ = c.Close()
	}
	leave := map[string]func(c *client){"close": func(c *client) { _ = c.Close() }, "half-close": halfClose, "reset": reset}
	kinds := map[string]struct {
		sends string
		reads int // of what is sent back, at least
		lines int
	}{
		"silence":                    {"", 0, 0},
		"empty lines":                {"\r\n\r\n", 0, 0},
		"half a head":                {get[:20], 0, 1},
		"idle":                       {get, 20, 1},
		"half a body":                {withLength("0123456789")[:55], 0, 1},
		"half a body in a file":      {withLength(strings.Repeat("x", 900))[:800], 0, 1},
		"half a chunked body":        {inChunks(strings.Repeat("x", 900), 400)[:800], 0, 1},
		"an expectation":             {post("Content-Length: 3\r\nExpect: 100-continue\r\n", ""), 20, 1},
		"no HTTP":                    {"\x16\x03\x01\r\n", 20, 1},
		"a body too large":           {withLength(strings.Repeat("x", 1001)), 20, 1},
		"a pipeline":                 {strings.Repeat(get, 5), 300, 5},
		"a quiet stream":             {"GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n", 60, 1},
		"a busy stream":              {"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n", 60, 1},
		"a file that is not read":    {"GET /file HTTP/1.1\r\nHost: a\r\n\r\n", 1, 1},
		"an answer that is not read": {"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", 1, 1},
		"an application that panics": {"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", 60, 1},
	}
	large := strings.Repeat("x", 8<<20)
	for name, kind := range kinds {
		for how, leave := range leave {
			t.Run(name+", "+how, func(t *testing.T) {
				before := inventory(t)
				app := &application{answer: func(seen call) (*python.Response, error) {
					switch seen.environ["PATH_INFO"] {
					case "/quiet":
						return writing(1), nil
					case "/busy":
						return writing(1 << 20), nil
					case "/file":
						return filed(t, large[:4<<20], 0, 4<<20), nil
					case "/large":
						return whole("200 OK", large), nil
					case "/panic":
						panic("hidden")
					}
					return whole("200 OK", "fine"), nil
				}}
				f := startFront(t, app, small).tune(func(r *rules) { r.stay, r.halfClosed = time.Millisecond, time.Millisecond })
				var clients sync.WaitGroup
				slots := make(chan struct{}, 20)
				count := connections
				if kind.reads == 1 {
					count = 10
				}
				for range count {
					slots <- struct{}{}
					clients.Go(func() {
						defer func() { <-slots }()
						c := f.dial()
						if kind.sends != "" {
							_, _ = io.WriteString(c, kind.sends) // cut where it is refused
						}
						_, err := io.ReadFull(c, make([]byte, kind.reads))
						assert.NoError(t, err)
						leave(c)
					})
				}
				clients.Wait()
				if asked := kind.lines == 1 && how != "reset"; asked { // others may have left before they were heard
					require.Eventually(t, func() bool { return strings.Count(f.access.String(), "\n") >= count }, patience, time.Millisecond)
				}
				f.emptied()
				assert.Zero(t, f.proxy.quiet.Len())
				assert.Zero(t, f.proxy.budget.Used())
				assert.LessOrEqual(t, len(f.lines()), count*kind.lines)
				before.restored(t)
			})
		}
	}
}

// writing is a response that writes so many bytes, and then waits for its end.
func writing(size int) *python.Response {
	resp, out := whole("200 OK", ""), spool.New(spool.Limits{Memory: 1 << 10})
	resp.Stream = out
	closed := make(chan struct{})
	go func() { // ends when the reader closes
		defer close(closed)
		_, err := out.Write(make([]byte, size))
		for err == nil {
			time.Sleep(time.Millisecond)
			if size > 1 {
				_, err = out.Write(make([]byte, size))
			} else if size++; size > 1000 {
				break
			}
		}
		out.End(nil)
	}()
	return resp
}

type belongings struct{ goroutines, descriptors int }

// inventory counts what this process has.
func inventory(t *testing.T) belongings {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return belongings{runtime.NumGoroutine(), len(fds)}
}

// restored waits until there is no more than before, which may have counted what was about to end. It waits in the test's own goroutine, which is counted.
func (b belongings) restored(t *testing.T) {
	t.Helper()
	now := inventory(t)
	more := func() bool { return now.goroutines > b.goroutines || now.descriptors > b.descriptors }
	for deadline := time.Now().Add(patience); more() && time.Now().Before(deadline); now = inventory(t) {
		time.Sleep(time.Millisecond) // nothing tells of it
	}
	require.False(t, more(), "%v, before %v", now, b)
}

func TestNothingIsLeftOfThoseWhoAreTurnedAway(t *testing.T) {
	limits := map[string]func(*config.Proxy){
		"in all":         func(cfg *config.Proxy) { cfg.MaxConnections = 3 },
		"of one address": func(cfg *config.Proxy) { cfg.MaxConnectionsPerAddress = 3 },
		"of a relay":     func(cfg *config.Proxy) { cfg.MaxConnectionsPerAddress = 3; fromRelay(cfg) },
	}
	for name, limit := range limits {
		t.Run(name, func(t *testing.T) {
			before := inventory(t)
			f := startFront(t, &application{}, limit)
			say := get
			if name == "of a relay" {
				say = relayed + get
			}
			var clients sync.WaitGroup
			for range 8 {
				clients.Go(func() {
					for i := range 60 {
						c := f.dial()
						_, _ = io.WriteString(c, say) // maybe it is turned away before
						if i%2 == 0 {
							_, _ = c.r.ReadByte() // or reset, where too many are turned away at once
						}
						_ = c.Close()
					}
				})
			}
			clients.Wait()
			// Some who have left stand in the kernel's backlog, and are let in when all others have ended.
			for deadline := time.Now().Add(patience); !f.lets(3, say); {
				require.True(t, time.Now().Before(deadline), "not all places are free again")
			}
			f.emptied()
			f.finish()
			assert.Empty(t, f.proxy.door.from)
			before.restored(t)
		})
	}
}

// lets reports whether so many clients are answered at the same time.
func (f *front) lets(count int, say string) bool {
	f.t.Helper()
	all := true
	for range count {
		c := f.dial()
		defer func() { _ = c.Close() }() // the server may have ended it
		_, _ = io.WriteString(c, say)    // as above
		resp, err := http.ReadResponse(c.r, nil)
		if err != nil {
			return false
		}
		_ = resp.Body.Close() // it is not read
		all = all && resp.StatusCode == http.StatusOK
	}
	return all
}
