package pace

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve starts a server and returns a short load of it.
func serve(t *testing.T, handler http.HandlerFunc) Load {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return Load{
		Address: strings.TrimPrefix(server.URL, "http://"), Path: "/", Body: "right",
		Connections: 2, Rate: 200, Duration: 100 * time.Millisecond, Patience: 10 * time.Second,
	}
}

func right(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "right") }

func TestEveryRequestIsSent(t *testing.T) {
	var asked, closed atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Close {
			closed.Add(1)
		}
		right(w, r)
	})
	for fresh, wantClosed := range map[bool]int32{false: 0, true: 20} {
		asked.Store(0)
		closed.Store(0)
		load.Fresh = fresh
		result, err := load.Run(t.Context())
		require.NoError(t, err)
		assert.Len(t, result.Latencies, 20)
		assert.Zero(t, result.Failures())
		assert.EqualValues(t, 20, asked.Load())
		assert.Equal(t, wantClosed, closed.Load())
	}
}

// TestAStallIsChargedToAllThatWereDue holds the first answer back for as long as the whole load lasts: the requests after
// it, which could not be sent, have waited as well.
func TestAStallIsChargedToAllThatWereDue(t *testing.T) {
	const stall = 150 * time.Millisecond
	var asked atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			<-time.After(stall)
		}
		right(w, r)
	})
	load.Connections = 1
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, result.Latencies, 20)
	for i, latency := range result.Latencies {
		assert.GreaterOrEqual(t, latency, stall-load.due(i), "request %d", i)
	}
}

func TestFailuresHaveReasons(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"an error":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "status 502"},
		"another page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "wrong") }, "another body"},
		"more of it":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "right and more") }, "another body"},
		"a cut answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "right")
		}, "connection closed"},
		"a cut at once":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "connection closed"},
		"an answer later": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			load := serve(t, c.handler)
			load.Duration, load.Patience = 10*time.Millisecond, 100*time.Millisecond
			if c.want != "no answer in time" {
				load.Patience = 10 * time.Second
			}
			result, err := load.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, map[string]int{c.want: 2}, result.Failed)
			assert.Empty(t, result.Latencies)
		})
	}
}

func TestARequestOnAStaleConnectionIsSentAgain(t *testing.T) {
	var asked atomic.Int32
	load := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%2 == 0 {
			panic(http.ErrAbortHandler) // as if it had been closed while it was idle
		}
		right(w, r)
	})
	load.Connections, load.Duration = 1, 10*time.Millisecond
	result, err := load.Run(t.Context())
	require.NoError(t, err)
	assert.Len(t, result.Latencies, 2)
	assert.Zero(t, result.Failures())
	assert.Equal(t, 1, result.Again)
}

func TestALoadEndsWithItsContext(t *testing.T) {
	load := serve(t, right)
	load.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := load.Run(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}
