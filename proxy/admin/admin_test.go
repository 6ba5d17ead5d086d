package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/status"
	"forebay/python"
	"forebay/workers"
)

// deadline is for whatever a listener is to do.
const deadline = 20 * time.Second

// fake is a server that an admin listener shows.
type fake struct {
	reason  string
	history int          // seconds
	asked   atomic.Int64 // how often for them: one has passed each time
	orders  atomic.Int32
}

func (f *fake) Status(history bool) *status.Status {
	st := &status.Status{PID: 7, State: status.Serving}
	if history {
		st.History = make([]status.Second, f.history)
		for i, now := 0, f.asked.Add(1); i < f.history; i++ {
			st.History[i].T = now + int64(i)
		}
	}
	return st
}

func (f *fake) Ready() string { return f.reason }

func (f *fake) Stacks(pid int) ([]workers.Stack, bool) {
	return []workers.Stack{
		{Stack: python.Stack{Slot: 0, Name: "forebay-0", Text: "  File \"shop.py\", line 3, in nap\n"}, Serving: workers.Serving{Method: "GET", Target: "/nap", RequestID: "id1", Age: time.Second}},
		{Stack: python.Stack{Slot: 1, Name: "forebay-1"}},
		{Stack: python.Stack{Slot: 2}, Serving: workers.Serving{Method: "GET", Target: "/c"}, Dumped: true},
		{Stack: python.Stack{Slot: -1, Name: "poll", Text: "  File \"poll.py\", line 1, in poll\n"}},
	}, pid == 7
}

func (f *fake) Reload() uint64 { f.orders.Add(1); return 4 }
func (f *fake) Stop()          { f.orders.Add(1) }

func (f *fake) Text(accept string) (string, []byte, error) {
	return "text/x; accept=" + accept, []byte("forebay_up 1\n"), nil
}

// started serves on loopback, and returns the address.
func started(t *testing.T, cfg config.Admin, f *fake) string {
	t.Helper()
	entry, err := EntryOf(cfg)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a := New(entry, f, f, f, slog.New(slog.DiscardHandler))
	a.interval = 50 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			assert.NoError(t, err)
		case <-time.After(deadline):
			t.Error("the listener did not end")
		}
	})
	return ln.Addr().String()
}

// raw sends a request as it stands, with further lines, and returns status and body of the answer.
func raw(t *testing.T, address, line string, fields ...string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	require.NoError(t, c.SetDeadline(time.Now().Add(deadline)))
	fields = append([]string{line + " HTTP/1.1", "Connection: close"}, fields...)
	_, err = io.WriteString(c, strings.Join(fields, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestAnswers(t *testing.T) {
	f := &fake{}
	address := started(t, config.Admin{}, f)
	const host = "Host: localhost"
	cases := map[string]struct {
		line   string
		fields []string
		status int
		body   string
	}{
		"health":                     {"GET /healthz", []string{"Host: anybody"}, 200, "ok\n"},
		"readiness":                  {"GET /readyz", []string{"Host: anybody"}, 200, "ok\n"},
		"metrics":                    {"GET /metrics", []string{host}, 200, "forebay_up 1\n"},
		"status":                     {"GET /api/status", []string{host}, 200, `"pid":7`},
		"status for another name":    {"GET /api/status", []string{"Host: evil.example"}, 421, "Host"},
		"metrics for another name":   {"GET /metrics", []string{"Host: evil.example"}, 421, "Host"},
		"profiles for another name":  {"GET /debug/pprof/", []string{"Host: evil.example"}, 421, "Host"},
		"profiles":                   {"GET /debug/pprof/goroutine?debug=1", []string{host}, 200, "goroutine profile"},
		"a reload":                   {"POST /api/reload", []string{host, "X-Forebay: 1", "Content-Length: 0"}, 202, `"begun":4`},
		"a reload by a form":         {"POST /api/reload", []string{host, "Content-Length: 0"}, 403, "X-Forebay"},
		"a reload by another name":   {"POST /api/reload", []string{"Host: evil.example", "X-Forebay: 1", "Content-Length: 0"}, 421, "Host"},
		"a reload by GET":            {"GET /api/reload", []string{host}, 405, ""},
		"a stop":                     {"POST /api/stop", []string{host, "X-Forebay: 1", "Content-Length: 0"}, 202, "stopping"},
		"a stop by a form":           {"POST /api/stop", []string{host, "Content-Length: 0"}, 403, "X-Forebay"},
		"nothing":                    {"GET /<script>", []string{host}, 404, "nothing at this path"},
		"stacks":                     {"GET /api/workers/7/stack", []string{host}, 200, "thread 0: GET /nap for 1s, request id1\n  File \"shop.py\", line 3, in nap\n\nthread 1\n  idle\n\nthread 2: GET /c for 0s, request \n  the worker does not say where it is: something keeps the GIL\n\nthread \"poll\" of the application\n  File \"poll.py\", line 1, in poll\n"},
		"one stack":                  {"GET /api/workers/7/stack?thread=1", []string{host}, 200, "thread 1\n  idle\n"},
		"a thread that is not":       {"GET /api/workers/7/stack?thread=9", []string{host}, 404, "no such thread"},
		"a worker that is not":       {"GET /api/workers/8/stack", []string{host}, 404, "no such worker"},
		"no number":                  {"GET /api/workers/x/stack", []string{host}, 400, "want a number"},
		"a body beyond what is read": {"POST /api/reload", []string{host, "X-Forebay: 1", "Content-Length: 1000000"}, 413, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			resp, body := raw(t, address, c.line, c.fields...)
			assert.Equal(t, c.status, resp.StatusCode, body)
			assert.Contains(t, body, c.body)
			if c.status != 413 { // that one is fasthttp's
				assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
			}
			assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
		})
	}
	assert.EqualValues(t, 2, f.orders.Load(), "orders that were let in")
}

func TestReadinessSaysWhyNot(t *testing.T) {
	address := started(t, config.Admin{Token: token}, &fake{reason: "draining"})
	resp, body := raw(t, address, "GET /readyz", "Host: x")
	assert.Equal(t, 503, resp.StatusCode)
	assert.Equal(t, "draining\n", body)
	resp, _ = raw(t, address, "GET /healthz", "Host: x")
	assert.Equal(t, 200, resp.StatusCode, "it lives all the same")
}

func TestTheTokenBecomesACookie(t *testing.T) {
	address := started(t, config.Admin{Token: token}, &fake{})
	resp, _ := raw(t, address, "GET /api/status", "Host: localhost")
	assert.Equal(t, 401, resp.StatusCode)
	assert.Equal(t, `Bearer realm="forebay"`, resp.Header.Get("WWW-Authenticate"))
	resp, _ = raw(t, address, "GET /api/status", "Host: localhost", "Authorization: bearer "+token)
	assert.Equal(t, 200, resp.StatusCode)

	resp, body := raw(t, address, "GET /", "Host: localhost")
	assert.Equal(t, 200, resp.StatusCode, "the page has no secrets, and asks for the token")
	assert.Contains(t, body, "<html")
	resp, _ = raw(t, address, "GET /?token=wrong", "Host: localhost")
	assert.Equal(t, 401, resp.StatusCode)
	assert.Empty(t, resp.Cookies())

	resp, _ = raw(t, address, "GET /?token="+token, "Host: localhost")
	require.Equal(t, 303, resp.StatusCode)
	assert.NotContains(t, resp.Header.Get("Location"), token)
	require.Len(t, resp.Cookies(), 1)
	cookie := resp.Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.NotContains(t, cookie.Value, token)
	resp, _ = raw(t, address, "GET /api/status", "Host: localhost", "Cookie: "+cookie.Name+"="+cookie.Value)
	assert.Equal(t, 200, resp.StatusCode)
	resp, _ = raw(t, address, "POST /api/reload", "Host: localhost", "Content-Length: 0", "Cookie: "+cookie.Name+"="+cookie.Value)
	assert.Equal(t, 403, resp.StatusCode)
}

// watch opens a stream of events and returns what reads it.
func watch(t *testing.T, address string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(deadline)))
	_, err = io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	return c, bufio.NewReader(resp.Body), resp
}

// nextEvent returns the data of the next event.
func nextEvent(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		if data, found := strings.CutPrefix(line, "data: "); found {
			return data
		}
	}
}

func TestEvents(t *testing.T) {
	address := started(t, config.Admin{}, &fake{history: 3})
	_, r, resp := watch(t, address)
	assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	assert.Equal(t, 3, strings.Count(nextEvent(t, r), `"queue_p99":0,"busy"`), "the first has the history")
	assert.Contains(t, nextEvent(t, r), `"history":[{"t":4,"requests":0,"errors":0,"p50":0,"p99":0,"queue_p99":0,"busy":0}]`,
		"the others have what has passed since")
}

// A client that never reads holds up nobody.
func TestStreamsThatNobodyReads(t *testing.T) {
	f := &fake{history: 60_000} // more than the kernel takes
	address := started(t, config.Admin{}, f)
	for range 2 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1<<10))
		_, err = io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 1)) // it has begun
		require.NoError(t, err)
	}
	_, r, _ := watch(t, address)
	nextEvent(t, r)
	nextEvent(t, r)
	resp, _ := raw(t, address, "GET /healthz", "Host: localhost")
	assert.Equal(t, 200, resp.StatusCode)
}

// So many streams as there may be leave the rest of the listener to others, and the place of one whose client has left is
// free again.
func TestStreamsAreCounted(t *testing.T) {
	address := started(t, config.Admin{}, &fake{})
	var open []net.Conn
	for range maxStreams {
		c, r, _ := watch(t, address)
		nextEvent(t, r)
		open = append(open, c)
	}
	resp, body := raw(t, address, "GET /api/events", "Host: localhost")
	assert.Equal(t, 503, resp.StatusCode, body)
	assert.Equal(t, "5", resp.Header.Get("Retry-After"))
	resp, _ = raw(t, address, "GET /healthz", "Host: localhost")
	assert.Equal(t, 200, resp.StatusCode)
	for _, c := range open {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		_, _ = fmt.Fprintf(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n") // the answer tells
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err == nil && resp.StatusCode == http.StatusOK
	}, deadline, 50*time.Millisecond)
}
