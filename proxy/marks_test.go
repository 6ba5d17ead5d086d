package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/config"
	"forebay/python"
)

func trustLoopback(cfg *config.Proxy) { cfg.ForwardedAllowIPs = []string{"127.0.0.1"} }

// TestRequestIDs: the application, the client and the log always see one id, which is ours or a trusted proxy's.
func TestRequestIDs(t *testing.T) {
	const given = "9e2c6f0a-1b1d-4f7e-9a51-0d6a3f4c2b10"
	cases := map[string]struct {
		fields string
		trust  bool
		taken  string // empty: one is made
	}{
		"none":                          {fields: "", trust: true},
		"a trusted proxy's":             {fields: "X-Request-ID: " + given + "\r\n", trust: true, taken: given},
		"in another case":               {fields: "x-request-id: A\r\n", trust: true, taken: "A"},
		"a stranger's":                  {fields: "X-Request-ID: " + given + "\r\n"},
		"an Amazon's":                   {fields: "X-Request-ID: Root=1-67891233-abcdef012345678912345678;Self=1-2\r\n", trust: true, taken: "Root=1-67891233-abcdef012345678912345678;Self=1-2"},
		"the longest":                   {fields: "X-Request-ID: " + strings.Repeat("a", maxID) + "\r\n", trust: true, taken: strings.Repeat("a", maxID)},
		"one that is too long":          {fields: "X-Request-ID: " + strings.Repeat("a", maxID+1) + "\r\n", trust: true},
		"one that is empty":             {fields: "X-Request-ID: \r\n", trust: true},
		"one with a space":              {fields: "X-Request-ID: a b\r\n", trust: true},
		"one with markup":               {fields: "X-Request-ID: <script>\r\n", trust: true},
		"one beyond ASCII":              {fields: "X-Request-ID: \xe9\r\n", trust: true},
		"a client's before the proxy's": {fields: "X-Request-ID: client\r\nX-Request-ID: " + given + "\r\n", trust: true, taken: given},
		"a bad one behind a good one":   {fields: "X-Request-ID: client\r\nX-Request-ID: \"\r\n", trust: true},
		"a stranger's two":              {fields: "X-Request-ID: a\r\nX-Request-ID: b\r\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, func(cfg *config.Proxy) {
				if c.trust {
					trustLoopback(cfg)
				}
			})
			client := f.dial()
			got := client.ask("GET / HTTP/1.1\r\nHost: a\r\n" + c.fields + "\r\n")
			_ = client.Close()
			id := got.Header.Get("X-Request-ID")
			if c.taken != "" {
				assert.Equal(t, c.taken, id)
			} else {
				assert.Regexp(t, `^[0-9a-f]{16}$`, id)
			}
			assert.Equal(t, []string{id}, got.Header.Values("X-Request-ID"))
			environ := app.seen()[0].environ
			assert.Equal(t, id, environ["HTTP_X_REQUEST_ID"])
			assert.Equal(t, id, environ["forebay.request_id"])
			assert.Contains(t, f.lines()[0], id)
		})
	}
}

func TestTheFieldOfTheIDHasAnyName(t *testing.T) {
	app := &application{}
	f := startFront(t, app, trustLoopback, func(cfg *config.Proxy) { cfg.RequestIDHeader = "X-Correlation-Id" })
	got := f.dial().ask("GET / HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: one\r\nX-Request-ID: two\r\n\r\n")
	assert.Equal(t, "one", got.Header.Get("X-Correlation-ID"))
	assert.Empty(t, got.Header.Values("X-Request-ID"))
	environ := app.seen()[0].environ
	assert.Equal(t, []any{"one", "one", "two"},
		[]any{environ["forebay.request_id"], environ["HTTP_X_CORRELATION_ID"], environ["HTTP_X_REQUEST_ID"]})
}

// TestWithoutAFieldTheIDIsOurs: then it is the application's own matter what such a field says.
func TestWithoutAFieldTheIDIsOurs(t *testing.T) {
	app := &application{}
	f := startFront(t, app, trustLoopback, func(cfg *config.Proxy) { cfg.RequestIDHeader = "" })
	got := f.dial().ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: one\r\n\r\n")
	assert.Empty(t, got.Header.Values("X-Request-ID"))
	environ := app.seen()[0].environ
	assert.Equal(t, "one", environ["HTTP_X_REQUEST_ID"])
	assert.Regexp(t, `^[0-9a-f]{16}$`, environ["forebay.request_id"])
}

// TestAnApplicationMaySayTheID: then ours is left out, as with Date and Server.
func TestAnApplicationMaySayTheID(t *testing.T) {
	for name, answer := range map[string]func() *python.Response{
		"plain": func() *python.Response { return whole("200 OK", "fine", "x-request-id", "mine") },
		"file":  func() *python.Response { return filed(t, "file", 0, 4, "x-request-id", "mine") },
	} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{answer: func(call) (*python.Response, error) { return answer(), nil }})
			assert.Equal(t, []string{"mine"}, f.dial().ask(get).Header.Values("X-Request-ID"))
		})
	}
	f := startFront(t, &application{answer: func(call) (*python.Response, error) {
		return whole("200 OK", "fine", "X-Request-ID", "mine", "Bad", "a\x00b"), nil
	}})
	assert.Regexp(t, `^[0-9a-f]{16}$`, f.dial().ask(get).Header.Get("X-Request-ID"), "an error is answered by us")
}

// TestRefusalsHaveAnID: in the answer and in the log, however early the refusal is.
func TestRefusalsHaveAnID(t *testing.T) {
	for name, raw := range map[string]string{
		"malformed": "GET\r\n\r\n",
		"too large": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{})
			client := f.dial()
			got := client.ask(raw)
			_ = client.Close() // nobody needs to linger for it
			assert.GreaterOrEqual(t, got.StatusCode, http.StatusBadRequest)
			id := got.Header.Get("X-Request-ID")
			assert.Regexp(t, `^[0-9a-f]{16}$`, id)
			assert.Contains(t, got.body, id)
			assert.Contains(t, f.lines()[0], id)
		})
	}
}

// TestTraces: a trace is anybody's to say, and one that is not valid does not reach the application.
func TestTraces(t *testing.T) {
	const valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	const parent, state = "Traceparent: " + valid + "\r\n", "Tracestate: a=1,b=2\r\n"
	cases := map[string]struct {
		fields string
		parent any // what the environ has
		state  any
	}{
		"none":                     {"", nil, nil},
		"a parent":                 {parent, valid, nil},
		"a parent and a state":     {parent + state, valid, "a=1,b=2"},
		"a state in two lines":     {state + parent + "tracestate: c=3\r\n", valid, "a=1,b=2, c=3"},
		"only a state":             {state, nil, nil},
		"a parent that is not one": {"Traceparent: 00-x\r\n" + state, nil, nil},
		"two parents":              {parent + parent + state, nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app)
			f.dial().ask("GET / HTTP/1.1\r\nHost: a\r\n" + c.fields + "\r\n")
			environ := app.seen()[0].environ
			assert.Equal(t, []any{c.parent, c.state}, []any{environ["HTTP_TRACEPARENT"], environ["HTTP_TRACESTATE"]})
		})
	}
}

func BenchmarkMarksOf(b *testing.B) {
	var fields []python.Field
	for _, name := range []string{
		"Host", "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Referer", "Connection", "Cookie", "Sec-Fetch-Dest",
		"Sec-Fetch-Mode", "Sec-Fetch-Site", "Upgrade-Insecure-Requests",
	} {
		fields = append(fields, python.Field{Name: []byte(name), Value: []byte("value")})
	}
	b.ReportAllocs()
	for b.Loop() {
		if m := marksOf(fields, "x-request-id"); m.named > 0 {
			b.Fatal("there is none")
		}
	}
}
