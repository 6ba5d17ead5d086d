package client

import (
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

func serve(t *testing.T, handler http.HandlerFunc) *Connection {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := &Connection{Address: strings.TrimPrefix(server.URL, "http://")}
	t.Cleanup(c.Close)
	return c
}

func in(d time.Duration) time.Time { return time.Now().Add(d) }

const long = 20 * time.Second

func TestRequestsArriveAsTheyAre(t *testing.T) {
	connections := map[string]bool{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		body, _ := io.ReadAll(r.Body)
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body)) //nolint:gosec // no browser reads it
	})
	for _, fresh := range []bool{false, true} {
		c.Fresh = fresh
		for range 2 {
			got, err := c.Do(t.Context(), Request{"POST", "/order", "tea"}, in(long))
			require.NoError(t, err)
			assert.Equal(t, Answer{http.StatusTeapot, "POST /order tea"}, got)
			got, err = c.Do(t.Context(), Request{Method: "GET", Path: "/"}, in(long))
			require.NoError(t, err)
			assert.Equal(t, Answer{http.StatusTeapot, "GET / "}, got)
		}
	}
	assert.Len(t, connections, 4, "one that is kept, up to the first request that ends it, and three fresh ones")
}

// TestOnlyAGetIsSentAgain lets the server close the connection at each second request, as if it had been idle.
func TestOnlyAGetIsSentAgain(t *testing.T) {
	for method, again := range map[string]int{"GET": 1, "POST": 0} {
		t.Run(method, func(t *testing.T) {
			var asked atomic.Int32
			c := serve(t, func(http.ResponseWriter, *http.Request) {
				if asked.Add(1)%2 == 0 {
					panic(http.ErrAbortHandler)
				}
			})
			_, err := c.Do(t.Context(), Request{Method: method, Path: "/"}, in(long))
			require.NoError(t, err)
			_, err = c.Do(t.Context(), Request{Method: method, Path: "/"}, in(long))
			assert.Equal(t, again, c.Again)
			if again == 1 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, "idle connection closed", Reason(err))
			assert.EqualValues(t, 2, asked.Load())
		})
	}
}

func TestFailuresHaveReasons(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		wait    time.Duration
		want    string
	}{
		"a cut at once": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, long, "connection closed"},
		"a cut answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "x")
		},
			long, "connection closed"},
		"silence": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 50 * time.Millisecond, "no answer in time"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, c.handler).Do(t.Context(), Request{Method: "GET", Path: "/"}, in(c.wait))
			require.Error(t, err)
			assert.Equal(t, c.want, Reason(err))
		})
	}
	_, err := (&Connection{Address: "127.0.0.1:1"}).Do(t.Context(), Request{Method: "GET", Path: "/"}, in(long))
	require.Error(t, err)
	assert.Equal(t, "connection refused", Reason(err))
	_, err = (&Connection{Address: "127.0.0.1:1"}).Do(t.Context(), Request{Method: "GET", Path: "/"}, in(-time.Second))
	require.Error(t, err)
	assert.Equal(t, "no answer in time", Reason(err), "the time was over before it could be sent")
	assert.Equal(t, "status 502", Reason(StatusError(502)))
}
