//go:build linux

package generator

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve starts a server and returns an open loop of 40 requests to it, of which the last 20 count.
func serve(t *testing.T, handler http.HandlerFunc) Load {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return Load{
		Address: strings.TrimPrefix(server.URL, "http://"), Requests: []Request{{Method: "GET", Path: "/", Want: "right"}},
		Connections: 4, Rate: 400, Warmup: 50 * time.Millisecond, Duration: 50 * time.Millisecond, Patience: time.Minute, Loops: 2,
	}
}

func right(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "right") }

func TestEveryRequestOfAnOpenLoopIsSentOnce(t *testing.T) {
	var asked atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		right(w, r)
	})
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 40, asked.Load())
	assert.Equal(t, 20, result.Answered)
	assert.Equal(t, 40, result.All)
	assert.Equal(t, 20, result.Latency.Count())
	assert.Zero(t, result.Failures())
	assert.InDelta(t, 400, result.PerSecond, 1e-9)
}

// TestAStallIsChargedToAllThatWereDue holds the first answer back until after the end: the requests after it, which could
// not be sent, have waited as well.
func TestAStallIsChargedToAllThatWereDue(t *testing.T) {
	var asked atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			<-time.After(200 * time.Millisecond)
		}
		right(w, r)
	})
	load.Connections, load.Warmup, load.Duration = 1, 0, 100*time.Millisecond
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 40, result.Answered)
	assert.GreaterOrEqual(t, result.Latency.Quantile(0.01), 100*time.Millisecond)
	assert.GreaterOrEqual(t, result.Latency.Quantile(0.5), 150*time.Millisecond)
	assert.LessOrEqual(t, result.Lag.Count(), 1, "that was not this program's fault")
}

func TestWhatIsNeverAnsweredIsCounted(t *testing.T) {
	load := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	load.Patience = 30 * time.Millisecond
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Zero(t, result.Answered)
	assert.Equal(t, 20, result.Unanswered)
	assert.Equal(t, 20, result.Failures())
	assert.Equal(t, 20, result.Latency.Count())
	assert.GreaterOrEqual(t, result.Latency.Quantile(0.01), 30*time.Millisecond)
}

func TestAClosedLoopAsksAgainAtOnce(t *testing.T) {
	var open, most atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		now := open.Add(1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		right(w, r)
		open.Add(-1)
	})
	load.Rate = 0
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Positive(t, result.Answered)
	assert.Equal(t, result.Answered, result.Latency.Count())
	assert.Positive(t, result.PerSecond)
	assert.Zero(t, result.Failures())
	assert.LessOrEqual(t, most.Load(), int32(4))
}

// TestConnectionsAreClosedAfterSoManyRequests counts the requests of each connection, and those that say it is the last.
func TestConnectionsAreClosedAfterSoManyRequests(t *testing.T) {
	for _, each := range []int{0, 1, 10} {
		var mu sync.Mutex
		requests, last := map[string]int{}, map[string]int{}
		load := serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			requests[r.RemoteAddr]++
			if r.Close {
				last[r.RemoteAddr] = requests[r.RemoteAddr]
			}
			mu.Unlock()
			right(w, r)
		})
		load.Connections, load.Loops, load.PerConnection = 1, 1, each
		result, err := load.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 20, result.Answered)
		assert.Zero(t, result.Again)
		mu.Lock() // its handlers have ended, but the race detector does not know
		defer mu.Unlock()
		if each == 0 {
			assert.Len(t, requests, 1)
			assert.Empty(t, last)
			continue
		}
		assert.Len(t, requests, 40/each)
		assert.Equal(t, requests, last)
	}
}

// TestAClosedLoopWaitsForItsFirstAnswer has a server that answers nothing before the end, or nothing at all.
func TestAClosedLoopWaitsForItsFirstAnswer(t *testing.T) {
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-time.After(200 * time.Millisecond)
		right(w, r)
	})
	load.Rate, load.Connections = 0, 1
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, result.Answered)
	assert.Less(t, result.PerSecond, 10.0)

	load = serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	load.Rate, load.Patience = 0, time.Millisecond
	result, err = load.Run(t.Context())
	require.NoError(t, err)
	assert.Zero(t, result.Answered)
}

func TestRequestsTakeTurns(t *testing.T) {
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+r.URL.Path+string(body)) //nolint:gosec // no browser reads it
	})
	large := strings.Repeat("x", 1<<20)
	load.Requests = []Request{
		{Method: "GET", Path: "/a", Want: "GET/a"}, {Method: "POST", Path: "/b", Body: large, Want: "POST/b" + large},
		{Method: "GET", Path: "/c", Want: "GET/c", Aside: true}, {Method: "GET", Path: "/d", Want: "GET/d"},
	}
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 20, result.Answered)
	assert.Equal(t, 15, result.Latency.Count(), "what is aside has no latency")
	assert.Empty(t, result.Failed)
}

func TestFailuresHaveReasons(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"an error":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "status 502"},
		"another page":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "wrong") }, "another body"},
		"a cut at once":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "connection closed"},
		"no HTTP":         {raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "another protocol"},
		"a cut answer":    {raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrig"), "connection closed"},
		"broken framing":  {raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "broken framing"},
		"more than asked": {raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright more"), "broken framing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			load := serve(t, c.handler)
			result, err := load.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, map[string]int{c.want: 20}, result.Failed)
			assert.Zero(t, result.Answered)
		})
	}
}

// raw answers with these bytes, and then closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func TestAServerThatEndsAConnectionIsUnderstood(t *testing.T) {
	load := serve(t, raw("HTTP/1.0 200 OK\r\n\r\nright"))
	for _, rate := range []float64{0, 400} {
		load.Rate = rate
		result, err := load.Run(t.Context())
		require.NoError(t, err)
		assert.Empty(t, result.Failed)
		assert.Positive(t, result.Answered)
	}
}

func TestARequestOnAStaleConnectionIsSentAgain(t *testing.T) {
	for method, again := range map[string]bool{"GET": true, "POST": false} {
		var asked atomic.Int32
		load := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1)%2 == 0 {
				panic(http.ErrAbortHandler) // as if it had been closed while it was idle
			}
			right(w, r)
		})
		load.Connections, load.Warmup, load.Requests[0].Method = 1, 0, method
		result, err := load.Run(t.Context())
		require.NoError(t, err)
		if again {
			assert.Equal(t, 20, result.Answered)
			assert.Equal(t, 19, result.Again)
		} else {
			assert.Equal(t, map[string]int{"connection closed": 10}, result.Failed)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	load := serve(t, right)
	load.Address = listener.Addr().String()
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"connection refused": 20}, result.Failed)
	load.Rate = 0
	result, err = load.Run(t.Context())
	require.NoError(t, err)
	assert.Positive(t, result.Failed["connection refused"])
}

func TestALoadEndsWithItsContext(t *testing.T) {
	load := serve(t, right)
	load.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := load.Run(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestALoadOfNothingIsRefused(t *testing.T) {
	_, err := Load{Address: "127.0.0.1:1"}.Run(t.Context())
	require.ErrorContains(t, err, "generate a load")
	load := serve(t, right)
	load.Address = "nowhere"
	_, err = load.Run(t.Context())
	assert.Error(t, err)
}
