package proxy

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit"
	"forebay/python"
	"forebay/python/spool"
)

// limited is a front with limits, each of which is changed from a limit of one request in an hour.
type limited struct {
	*front
	limiter  *limit.Limiter
	settings Settings
}

func startLimited(t *testing.T, app *application, limits ...func(*config.Limit)) *limited {
	t.Helper()
	cfg := config.Default().Proxy
	cfg.Bind, cfg.TempDir, cfg.ForwardedAllowIPs = []string{"127.0.0.1:0"}, t.TempDir(), []string{"127.0.0.1"}
	l := &limited{limiter: limit.New(slog.New(slog.DiscardHandler)), settings: Settings{Proxy: cfg}}
	l.use(t, limits...)
	l.front = startSettings(t, app, l.settings)
	return l
}

func (l *limited) use(t *testing.T, changes ...func(*config.Limit)) {
	t.Helper()
	var limits []config.Limit
	for _, change := range changes {
		one := config.DefaultLimit()
		one.Name, one.Rate = "a", config.Rate{Count: 1, Period: time.Hour, Burst: 1}
		change(&one)
		limits = append(limits, one)
	}
	set, err := l.limiter.Prepare(limit.Settings{Limiting: config.Limiting{Keys: 1000, Delay: time.Minute, Delayed: 10}, Limits: limits})
	require.NoError(t, err)
	l.limiter.Use(set)
	l.settings.Limits = set
}

func asIs(*config.Limit) {}

func TestARefusal(t *testing.T) {
	f := startLimited(t, &application{}, asIs)
	c := f.dial()
	first := c.ask(get)
	assert.Equal(t, 200, first.StatusCode)
	assert.Equal(t, `"a";q=1;w=3600`, first.Header.Get("RateLimit-Policy"))
	assert.Equal(t, `"a";r=0;t=3600`, first.Header.Get("RateLimit"))
	second := c.ask(get)
	assert.Equal(t, 429, second.StatusCode)
	assert.Equal(t, "3600", second.Header.Get("Retry-After"))
	assert.Equal(t, `"a";q=1;w=3600`, second.Header.Get("RateLimit-Policy"))
	assert.Equal(t, `"a";r=0;t=3600`, second.Header.Get("RateLimit"))
	assert.Contains(t, second.body, "429 Too Many Requests")
	assert.Contains(t, second.body, "try again in a moment")
	json := c.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")
	assert.Equal(t, "application/json", json.Header.Get("Content-Type"))
	assert.Contains(t, json.body, `"status":429`)
	c.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
	head := c.next("HEAD")
	assert.Equal(t, 429, head.StatusCode)
	assert.Empty(t, head.body)
	assert.Len(t, f.app.seen(), 1)
	lines := f.lines()
	require.Len(t, lines, 4)
	assert.Contains(t, lines[1], `"GET / HTTP/1.1" 429 `)
}

func TestRequestsThatAreNoneCountForNothing(t *testing.T) {
	f := startLimited(t, &application{}, asIs)
	f.dial().ask("GET / HTTP/1.1\r\n\r\n")
	f.dial().ask("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")
	assert.Equal(t, 200, f.dial().ask(get).StatusCode)
}

// TestABodyIsRefusedBeforeItIsSent: neither is it asked for nor read.
func TestABodyIsRefusedBeforeItIsSent(t *testing.T) {
	cases := map[string]struct {
		head, body string
		goesOn     bool
	}{
		"that waits for 100 Continue": {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "", false},
		"of known length":             {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n", "the beginning", false},
		"in chunks":                   {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhel", false},
		"that is here already":        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "hello", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := startLimited(t, &application{}, func(l *config.Limit) { l.Methods = []string{"POST"} })
			f.dial().ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
			client := f.dial()
			answer := client.ask(c.head + c.body)
			assert.Equal(t, 429, answer.StatusCode, "and no 100 before it")
			assert.Equal(t, !c.goesOn, answer.Close)
			if c.goesOn {
				client.open()
			} else {
				client.closed()
			}
		})
	}
}

func TestStaticFilesAreUnderLimits(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("file"), 0o600))
	f := startLimited(t, &application{}, func(l *config.Limit) { l.Paths = []string{"/static/"} })
	f.settings.Proxy.Static = []config.Static{config.NewStatic("/static/", dir)}
	var err error
	f.settings.Static, err = OpenStatic(f.settings.Proxy.Static)
	require.NoError(t, err)
	f.reconfigure(f.settings)
	const file = "GET /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n"
	c := f.dial()
	first := c.ask(file)
	assert.Equal(t, "file", first.body)
	assert.Equal(t, `"a";r=0;t=3600`, first.Header.Get("RateLimit"))
	assert.Equal(t, 429, c.ask(file).StatusCode)
	assert.Equal(t, 429, c.ask("GET /%73tatic/b HTTP/1.1\r\nHost: a\r\n\r\n").StatusCode)
	other := c.ask(get)
	assert.Equal(t, 200, other.StatusCode)
	assert.Empty(t, other.Header.Get("RateLimit"))
}

func TestTheClientIsTheOneThatAProxyTells(t *testing.T) {
	f := startLimited(t, &application{}, asIs)
	from := func(addr string) string { return "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + addr + "\r\n\r\n" }
	c := f.dial()
	assert.Equal(t, 200, c.ask(from("192.0.2.1")).StatusCode)
	assert.Equal(t, 200, c.ask(from("192.0.2.2")).StatusCode)
	assert.Equal(t, 429, c.ask(from("10.0.0.1, 192.0.2.2")).StatusCode, "what stands left of it anybody may have made up")
	assert.Equal(t, 200, c.ask(from("2001:db8::1")).StatusCode)
	assert.Equal(t, 429, c.ask(from("2001:db8::2")).StatusCode)
	assert.Equal(t, 429, c.ask(from("::ffff:192.0.2.1")).StatusCode)

	f.settings.Proxy.ForwardedAllowIPs = nil
	f.reconfigure(f.settings)
	c = f.dial()
	assert.Equal(t, 200, c.ask(from("192.0.2.7")).StatusCode)
	assert.Equal(t, 429, c.ask(from("192.0.2.8")).StatusCode, "a stranger's word")
}

func TestADeniedClient(t *testing.T) {
	f := startLimited(t, &application{}, func(l *config.Limit) { l.Deny = []string{"127.0.0.0/8"} })
	answer := f.dial().ask(get)
	assert.Equal(t, 403, answer.StatusCode)
	assert.Empty(t, answer.Header.Get("Retry-After"))
	assert.Empty(t, answer.Header.Get("RateLimit-Policy"))
	assert.Empty(t, f.app.seen())
}

func TestAStatusOfOnesOwn(t *testing.T) {
	f := startLimited(t, &application{}, func(l *config.Limit) { l.Status, l.Headers = 503, config.HeadersLegacy })
	c := f.dial()
	c.ask(get)
	answer := c.ask(get)
	assert.Equal(t, 503, answer.StatusCode)
	assert.Equal(t, "3600", answer.Header.Get("Retry-After"))
	assert.Equal(t, "0", answer.Header.Get("X-RateLimit-Remaining"))
	assert.Equal(t, "1", answer.Header.Get("X-RateLimit-Limit"))
	assert.Equal(t, "3600", answer.Header.Get("X-RateLimit-Reset"))
}

// TestADelay: requests wait before the application is asked, and each client gets its answer at the rate.
func TestADelay(t *testing.T) {
	f := startLimited(t, &application{}, func(l *config.Limit) {
		l.Rate, l.Delay = config.Rate{Count: 20, Period: time.Second, Burst: 10}, 1
	})
	c := f.dial()
	begin := time.Now()
	c.send(strings.Repeat(get, 6))
	for i := range 6 {
		require.Equal(t, 200, c.next("GET").StatusCode)
		assert.GreaterOrEqual(t, time.Since(begin), time.Duration(i)*50*time.Millisecond-time.Millisecond)
	}
	assert.Len(t, f.app.seen(), 6)
}

func TestAClientThatLeavesItsDelay(t *testing.T) {
	f := startLimited(t, &application{}, func(l *config.Limit) {
		l.Rate, l.Delay = config.Rate{Count: 1, Period: 20 * time.Second, Burst: 3}, 1
	})
	f.dial().ask(get)
	c := f.dial().send(get)
	require.Eventually(t, func() bool { return f.limiter.Stats()[0].Delayed == 1 }, patience, time.Millisecond)
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return strings.Contains(f.access.String(), `"GET / HTTP/1.1" 499 `) }, patience, time.Millisecond)
	assert.Len(t, f.app.seen(), 1)
}

func TestTheApplicationSaysWhatARequestWasWorth(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	require.NoError(t, os.WriteFile(file, []byte("file"), 0o600))
	cases := map[string]func() *python.Response{
		"whole":  func() *python.Response { return whole("200 OK", "file", "X-Cost", "3", "X-Other", "1") },
		"a file": func() *python.Response { return filed(t, "file", 0, 4, "X-Cost", "3", "X-Other", "1") },
		"named":  func() *python.Response { return whole("200 OK", "", "X-Sendfile", file, "X-Cost", "3", "X-Other", "1") },
		"streamed": func() *python.Response {
			resp := whole("200 OK", "", "X-Cost", "3", "X-Other", "1")
			resp.Stream = spool.New(spool.Limits{Memory: 100})
			_, _ = resp.Stream.Write([]byte("file")) // there is room for it
			resp.Stream.End(nil)
			return resp
		},
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			f := startLimited(t, answering(answer), func(l *config.Limit) {
				l.Rate, l.Cost, l.CostMax = config.Rate{Count: 10, Period: time.Hour, Burst: 10}, "X-Cost", 100
			})
			f.settings.Proxy.XSendfile = []string{dir}
			f.reconfigure(f.settings)
			got := f.dial().ask(get)
			assert.Equal(t, "file", got.body)
			assert.Empty(t, got.Header.Get("X-Cost"))
			assert.Equal(t, "1", got.Header.Get("X-Other"))
			assert.Equal(t, `"a";r=7;t=1080`, got.Header.Get("RateLimit"))
		})
	}
}

// TestRequestsInFlight: the place is taken until the answer has ended, however it ends.
func TestRequestsInFlight(t *testing.T) {
	streams := make(chan *spool.Spool, 1)
	app := answering(func() *python.Response {
		resp := whole("200 OK", "")
		resp.Stream = spool.New(spool.Limits{Memory: 1000})
		_, _ = resp.Stream.Write([]byte("begun")) // there is room for it
		streams <- resp.Stream
		return resp
	})
	f := startLimited(t, app, func(l *config.Limit) { l.Rate, l.Concurrent, l.Paths = config.Rate{}, 1, []string{"/"} })
	endings := map[string]func(*client, *spool.Spool){
		"well":              func(_ *client, s *spool.Spool) { s.End(nil) },
		"with an error":     func(_ *client, s *spool.Spool) { s.End(io.ErrUnexpectedEOF) },
		"as the client has": func(c *client, _ *spool.Spool) { require.NoError(t, c.Close()) },
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			c := f.dial().send(get)
			stream := <-streams
			refused := f.dial().ask(get)
			assert.Equal(t, 429, refused.StatusCode)
			assert.Equal(t, "1", refused.Header.Get("Retry-After"))
			assert.Equal(t, `"a";q=1;qu="concurrent-requests"`, refused.Header.Get("RateLimit-Policy"))
			end(c, stream)
			require.Eventually(t, func() bool { return f.limiter.Stats()[0].Keys == 0 }, patience, time.Millisecond)
		})
	}
}

// TestOneAfterTheOther: who waits for an answer before the next request has never two in flight.
func TestOneAfterTheOther(t *testing.T) {
	f := startLimited(t, &application{}, func(l *config.Limit) { l.Rate, l.Concurrent = config.Rate{}, 1 })
	for range 300 {
		require.Equal(t, 200, f.dial().ask(get).StatusCode)
	}
}

func TestErrorsTellOfLimits(t *testing.T) {
	f := startLimited(t, &application{answer: func(call) (*python.Response, error) { return nil, io.ErrUnexpectedEOF }},
		func(l *config.Limit) { l.Rate.Burst = 5 })
	answer := f.dial().ask(get)
	assert.Equal(t, 500, answer.StatusCode)
	assert.Equal(t, `"a";r=4;t=3600`, answer.Header.Get("RateLimit"))
}

func TestLimitsFollowAReload(t *testing.T) {
	f := startLimited(t, &application{}, asIs)
	c := f.dial()
	c.ask(get)
	require.Equal(t, 429, c.ask(get).StatusCode)
	f.use(t, asIs, func(l *config.Limit) { l.Name, l.Rate.Burst = "b", 2 })
	f.reconfigure(f.settings)
	assert.Equal(t, 429, c.ask(get).StatusCode, "it is the same limit")
	f.use(t, func(l *config.Limit) { l.Rate.Burst = 2 })
	f.reconfigure(f.settings)
	assert.Equal(t, 200, c.ask(get).StatusCode, "it is another one")
	f.use(t)
	f.reconfigure(f.settings)
	for range 3 {
		answer := c.ask(get)
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		assert.Empty(t, answer.Header.Get("RateLimit-Policy"))
	}
}
