package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/quiet"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// draining waits until the front takes nothing new.
func (f *front) draining() {
	f.t.Helper()
	require.Eventually(f.t, f.proxy.draining.Load, patience, time.Millisecond)
}

// TestWhatHasBegunIsServedWhileDraining: at any stage of a request, at rest or not.
func TestWhatHasBegunIsServedWhileDraining(t *testing.T) {
	cut := func(raw string, at int) [2]string { return [2]string{raw[:at], raw[at:]} }
	length, chunks, file := withLength("0123456789"), inChunks("0123456789", 4), withLength(strings.Repeat("x", 500))
	stages := map[string][2]string{
		"a byte of a head":              cut(get, 1),
		"half a head":                   cut(get, 12),
		"half a second head":            cut(get+get, len(get)+12),
		"half a body":                   cut(length, len(length)-5),
		"half of a chunked body":        cut(chunks, len(chunks)-9),
		"half a body that is in a file": cut(file, len(file)-200),
	}
	for name, c := range stages {
		for how, stay := range map[string]time.Duration{"at rest": time.Millisecond, "in a hurry": time.Minute} {
			t.Run(name+", "+how, func(t *testing.T) {
				f := startFront(t, &application{}, bySocket(t), small).hasten(stay)
				resting := 0
				if how == "at rest" {
					resting = 1
				}
				client := f.dial().send(c[0])
				if name == "half a second head" {
					assert.False(t, client.next("GET").Close)
				}
				client.rests(f, resting)
				f.stop()
				f.draining()
				answer := client.send(c[1]).next("GET")
				require.NoError(t, answer.err)
				assert.Equal(t, http.StatusOK, answer.StatusCode)
				assert.True(t, answer.Close)
				client.closed()
				f.finish()
			})
		}
	}
}

// guard is a guest of the loop that holds it up.
type guard struct {
	entry quiet.Entry
	held  chan struct{}
	leave chan struct{}
}

func (g *guard) Wake(quiet.Reason) {
	g.held <- struct{}{}
	<-g.leave
}

// TestARequestThatComesWithTheStop was sent while the connection was open to it: it is served, and is the last.
func TestARequestThatComesWithTheStop(t *testing.T) {
	for name, first := range map[string]bool{"the first of its connection": true, "a later one": false} {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, bySocket(t)).hasten(time.Millisecond)
			c, other := f.dial(), f.dial()
			if !first {
				c.open()
			}
			c.rests(f, 2)
			g := &guard{held: make(chan struct{}), leave: make(chan struct{})}
			g.entry.Guest, g.entry.FD = g, f.spare(t)
			require.True(t, f.proxy.quiet.Watch(&g.entry, time.Now(), false))
			<-g.held // the loop sees nothing of what comes now
			c.send(get)
			f.stop()
			answer := c.next("GET")
			close(g.leave)
			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.True(t, answer.Close)
			c.closed()
			other.closed()
			assert.Len(t, f.lines(), map[bool]int{true: 1, false: 2}[first])
		})
	}
}

// TestDrainEndsWithTheLastClient: idle ones do not hold it up, at rest or not, fresh or not.
func TestDrainEndsWithTheLastClient(t *testing.T) {
	for how, stay := range map[string]time.Duration{"at rest": time.Millisecond, "before they rest": 200 * time.Millisecond} {
		t.Run(how, func(t *testing.T) {
			f := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.HeadTimeout = time.Hour }).hasten(stay)
			fresh, used := f.dial(), f.dial()
			used.open()
			if how == "at rest" {
				require.Eventually(t, func() bool { return f.proxy.quiet.Len() == 2 }, patience, time.Millisecond)
			}
			begun := time.Now()
			assert.Len(t, f.lines(), 1)
			assert.Less(t, time.Since(begun), patience/2)
			fresh.closed()
			used.closed()
		})
	}
}

// TestTheEndOfDrainCutsWhatIsLeft: at any stage, at rest or not. Each request has its line, and nothing is left but what an
// application is busy with, which ends with its worker.
func TestTheEndOfDrainCutsWhatIsLeft(t *testing.T) {
	large := strings.Repeat("x", 16<<20)
	stages := map[string]struct {
		sends string
		line  string
	}{
		"half a head":      {get[:12], `"-" 503 `},
		"half a body":      {withLength("0123456789")[:55], `" 503 `},
		"a file's":         {withLength(strings.Repeat("x", 500))[:400], `" 503 `},
		"a slow reader":    {"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", `" 200 `},
		"a quiet stream":   {getStream, `" 200 5 `},
		"a refused client": {"\x16\r\n", `"-" 400 `},
		"a busy worker":    {"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n", `" 502 `},
	}
	for name, stage := range stages {
		for how, stay := range map[string]time.Duration{"at rest": time.Millisecond, "in a hurry": time.Minute} {
			t.Run(name+", "+how, func(t *testing.T) {
				before := inventory(t)
				stream := spool.New(spool.Limits{Memory: 1 << 10})
				entered, killed := make(chan struct{}, 1), make(chan struct{})
				f := startFront(t, &application{answer: func(seen call) (*python.Response, error) {
					entered <- struct{}{}
					switch seen.environ["PATH_INFO"] {
					case "/large":
						return whole("200 OK", large), nil
					case "/stream":
						_, _ = stream.Write([]byte("first")) // there is room
						resp := whole("200 OK", "")
						resp.Stream = stream
						return resp, nil
					}
					<-killed
					return nil, workers.ErrWorkerDied
				}}, bySocket(t), small).hasten(stay)
				c := f.dial().send(stage.sends)
				switch name {
				case "a slow reader", "a busy worker":
					<-entered
				case "a quiet stream":
					_, err := io.ReadFull(c.head("GET").Body, make([]byte, 5))
					require.NoError(t, err)
				case "a refused client":
					f.linesNow(t, stage.line)
				default:
					c.rests(f, map[bool]int{true: 1}[how == "at rest"])
				}
				f.stop()
				f.draining()
				f.drain()
				require.NoError(t, <-f.ended)
				close(killed)
				f.proxy.Settle()
				assert.Contains(t, f.linesNow(t, stage.line), stage.line)
				assert.Contains(t, f.log.String(), "connections cut")
				assert.NotContains(t, f.log.String(), "left behind")
				assert.NotContains(t, f.log.String(), "client has left", "it was us")
				_, _ = io.Copy(io.Discard, c) // to the server's end of it
				require.NoError(t, c.Close())
				f.ended <- nil
				assert.Len(t, f.lines(), 1)
				stream.End(nil)
				before.restored(t)
			})
		}
	}
}
