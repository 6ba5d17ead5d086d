package proxy

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/dispatch"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// answering is an application that gives the same response to everything.
func answering(make func() *python.Response) *application {
	return &application{answer: func(call) (*python.Response, error) { return make(), nil }}
}

// streamed is a response whose body is written into its spool.
func streamed(end error, fields []string, pieces ...string) *python.Response {
	resp := whole("200 OK", "", fields...)
	resp.Stream = spool.New(spool.Limits{Memory: 1 << 20})
	for _, piece := range pieces {
		_, _ = resp.Stream.Write([]byte(piece)) // there is room
	}
	resp.Stream.End(end)
	return resp
}

// filed is a response whose body is a part of a file.
func filed(t *testing.T, content string, offset, count int64, fields ...string) *python.Response {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		panic(err) // not the test's goroutine
	}
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	resp := whole("200 OK", "", fields...)
	resp.File = &python.FilePart{File: file, Offset: offset, Count: count}
	return resp
}

// rawHead asks for / and returns the answer's head as it stands on the wire.
func rawHead(t *testing.T, f *front) string {
	t.Helper()
	c := f.dial().send(get)
	var head strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		require.NoError(t, err)
		if line == "\r\n" {
			return head.String()
		}
		head.WriteString(line)
	}
}

func TestFieldsOfAnAnswer(t *testing.T) {
	f := startFront(t, answering(func() *python.Response {
		return whole("299 Quite Fine", "x", "ETag", `"a"`, "x-lower", "1", "Set-Cookie", "a=1; Path=/", "Set-Cookie", "a=2; Path=/b",
			"WWW-Authenticate", "A", "WWW-Authenticate", "B", "X-Latin", "\xe9\t!", "Server", "mine",
			// RFC 9110, section 7.6.1: what is about the connection is ours.
			"Connection", "close, X-Lower", "Keep-Alive", "timeout=5", "Transfer-Encoding", "chunked", "TE", "trailers",
			"Trailer", "X", "Upgrade", "h2c", "Proxy-Authenticate", "x", "Proxy-Authorization", "x", "Proxy-Connection", "x")
	}))
	head := rawHead(t, f)
	for _, line := range []string{
		"HTTP/1.1 299 Quite Fine\r\n", "ETag: \"a\"\r\n", "x-lower: 1\r\n", "X-Latin: \xe9\t!\r\n", "Server: mine\r\n",
		"WWW-Authenticate: A\r\nWWW-Authenticate: B\r\n", "Set-Cookie: a=1; Path=/\r\nSet-Cookie: a=2; Path=/b\r\n",
		"Content-Length: 1\r\n", "Date: ",
	} {
		assert.Contains(t, head, line)
	}
	for _, name := range []string{"connection:", "keep-alive:", "transfer-encoding:", "te:", "trailer:", "upgrade:", "proxy-", "content-type:"} {
		assert.NotContains(t, strings.ToLower(head), "\n"+name)
	}
}

func TestAnswersThatBreakHTTP(t *testing.T) {
	cases := map[string]func() *python.Response{
		"CR LF in a value":         func() *python.Response { return whole("200 OK", "x", "A", "b\r\nSet-Cookie: c=d") },
		"LF in a value":            func() *python.Response { return whole("200 OK", "x", "A", "b\nC: d") },
		"NUL in a value":           func() *python.Response { return whole("200 OK", "x", "A", "b\x00") },
		"CR in a dropped value":    func() *python.Response { return whole("200 OK", "x", "Connection", "a\rb") },
		"CR LF in a name":          func() *python.Response { return whole("200 OK", "x", "A\r\nB", "c") },
		"colon in a name":          func() *python.Response { return whole("200 OK", "x", "A:B", "c") },
		"empty name":               func() *python.Response { return whole("200 OK", "x", "", "c") },
		"CR LF in the reason":      func() *python.Response { return whole("200 OK\r\nA: b", "x") },
		"Content-Length no number": func() *python.Response { return whole("200 OK", "x", "Content-Length", "1x") },
		"Content-Length negative":  func() *python.Response { return whole("200 OK", "x", "Content-Length", "-1") },
		"Content-Length plus":      func() *python.Response { return whole("200 OK", "x", "Content-Length", "+1") },
		"Content-Length empty":     func() *python.Response { return whole("200 OK", "x", "Content-Length", "") },
		"Content-Length list":      func() *python.Response { return whole("200 OK", "x", "Content-Length", "1, 1") },
		"Content-Length too large": func() *python.Response { return whole("200 OK", "x", "Content-Length", "9999999999999999999") },
		"two Content-Lengths": func() *python.Response {
			return whole("200 OK", "x", "Content-Length", "1", "content-length", "2")
		},
		"status 100": func() *python.Response { return whole("100 Continue", "") },
		"status 101": func() *python.Response { return whole("101 Switching Protocols", "", "Upgrade", "x") },
		"status 000": func() *python.Response { return whole("000 None", "") },
		"in a stream": func() *python.Response {
			return streamed(nil, []string{"A", "b\r\nc"}, "x")
		},
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(make))
			c := f.dial()
			answer := c.ask(get)
			assert.Equal(t, http.StatusInternalServerError, answer.StatusCode)
			assert.Empty(t, answer.Header.Get("A"))
			assert.Empty(t, answer.Header.Get("Set-Cookie"))
			assert.Equal(t, 500, c.ask(get).StatusCode, "the connection goes on")
			_ = c.Close()
			assert.Len(t, f.lines(), 2)
			assert.Contains(t, f.log.String(), `level=ERROR msg="request failed"`)
		})
	}
}

func TestBodiesOfAnswers(t *testing.T) {
	length := func(n string) []string { return []string{"Content-Length", n} }
	cases := map[string]struct {
		make    func(t *testing.T) *python.Response
		body    string
		length  int64 // -1: chunked
		cut     bool  // the body ends with an error
		surplus bool
	}{
		"whole":                  {func(*testing.T) *python.Response { return whole("200 OK", "hello") }, "hello", 5, false, false},
		"whole, empty":           {func(*testing.T) *python.Response { return whole("200 OK", "") }, "", 0, false, false},
		"whole, length":          {func(*testing.T) *python.Response { return whole("200 OK", "hello", length("5")...) }, "hello", 5, false, false},
		"whole, short":           {func(*testing.T) *python.Response { return whole("200 OK", "hello", length("6")...) }, "hello", 6, true, false},
		"whole, long":            {func(*testing.T) *python.Response { return whole("200 OK", "hello", length("4")...) }, "hell", 4, false, true},
		"stream":                 {func(*testing.T) *python.Response { return streamed(nil, nil, "hel", "lo") }, "hello", -1, false, false},
		"stream, empty":          {func(*testing.T) *python.Response { return streamed(nil, nil) }, "", -1, false, false},
		"stream, length":         {func(*testing.T) *python.Response { return streamed(nil, length("5"), "hel", "lo") }, "hello", 5, false, false},
		"stream, short":          {func(*testing.T) *python.Response { return streamed(nil, length("6"), "hel", "lo") }, "hello", 6, true, false},
		"stream, long":           {func(*testing.T) *python.Response { return streamed(nil, length("4"), "hel", "lo") }, "hell", 4, false, false},
		"stream, fails":          {func(*testing.T) *python.Response { return streamed(errors.New("boom"), nil, "hel") }, "hel", -1, true, false},
		"stream, length, fails":  {func(*testing.T) *python.Response { return streamed(errors.New("boom"), length("5"), "hel") }, "hel", 5, true, false},
		"file":                   {func(t *testing.T) *python.Response { return filed(t, "hello", 0, 5) }, "hello", 5, false, false},
		"file, part":             {func(t *testing.T) *python.Response { return filed(t, "hello", 1, 3) }, "ell", 3, false, false},
		"file, length of a part": {func(t *testing.T) *python.Response { return filed(t, "hello", 1, 4, length("2")...) }, "el", 2, false, false},
		"file, none of it":       {func(t *testing.T) *python.Response { return filed(t, "hello", 5, 0) }, "", 0, false, false},
		"file, short":            {func(t *testing.T) *python.Response { return filed(t, "hello", 0, 5, length("6")...) }, "hello", 6, true, false},
		"file, shrunk":           {func(t *testing.T) *python.Response { return filed(t, "hel", 0, 5) }, "hel", 5, true, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(func() *python.Response { return c.make(t) }))
			client := f.dial().send(get)
			answer := client.next("GET")
			assert.Equal(t, 200, answer.StatusCode)
			assert.Equal(t, c.length, answer.ContentLength)
			assert.Equal(t, c.body, answer.body)
			if c.cut {
				require.ErrorIs(t, answer.err, io.ErrUnexpectedEOF)
			} else {
				require.NoError(t, answer.err)
				client.send(get)
				assert.Equal(t, c.body, client.next("GET").body, "the connection goes on")
			}
			_ = client.Close()
			lines := f.lines()
			assert.Contains(t, lines[0], `" 200 `+itoa(len(c.body))+" ")
			assert.Equal(t, c.cut, strings.Contains(f.log.String(), `level=ERROR msg="response cut"`), f.log.String())
			assert.Equal(t, c.surplus, strings.Contains(f.log.String(), "longer than its Content-Length"))
		})
	}
}

// TestAFileLargerThanABuffer: by way of sendfile(2), and byte for byte.
func TestAFileLargerThanABuffer(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 200_000)
	f := startFront(t, answering(func() *python.Response { return filed(t, content, 16, int64(len(content))-32) }))
	c := f.dial()
	for range 2 {
		answer := c.ask(get)
		assert.Equal(t, hash(content[16:len(content)-16]), hash(answer.body))
	}
}

// TestAnswersWithoutABody: RFC 9110, sections 8.6, 9.3.2, 15.3.5 and 15.4.5.
func TestAnswersWithoutABody(t *testing.T) {
	cases := map[string]struct {
		method string
		make   func(t *testing.T) *python.Response
		length string // of the field; empty: none
	}{
		"HEAD":                    {"HEAD", func(*testing.T) *python.Response { return whole("200 OK", "hello") }, "5"},
		"HEAD, length":            {"HEAD", func(*testing.T) *python.Response { return whole("200 OK", "", "Content-Length", "7") }, "7"},
		"HEAD of a stream":        {"HEAD", func(*testing.T) *python.Response { return streamed(nil, nil, "hello") }, ""},
		"HEAD of a file":          {"HEAD", func(t *testing.T) *python.Response { return filed(t, "hello", 1, 3) }, "3"},
		"204 with a body":         {"GET", func(*testing.T) *python.Response { return whole("204 No Content", "hello") }, ""},
		"204 with a length":       {"GET", func(*testing.T) *python.Response { return whole("204 No Content", "", "Content-Length", "5") }, ""},
		"204 with a file":         {"GET", func(t *testing.T) *python.Response { r := filed(t, "x", 0, 1); r.Status = 204; return r }, ""},
		"304 with a body":         {"GET", func(*testing.T) *python.Response { return whole("304 Not Modified", "hello") }, ""},
		"304 with a stream":       {"GET", func(*testing.T) *python.Response { r := streamed(nil, nil, "x"); r.Status = 304; return r }, ""},
		"HEAD of a broken answer": {"HEAD", func(*testing.T) *python.Response { return whole("200 OK", "", "A", "\n") }, "*"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(func() *python.Response { return c.make(t) }))
			client := f.dial().send(c.method + " / HTTP/1.1\r\nHost: a\r\n\r\n")
			answer := client.next(c.method)
			require.NoError(t, answer.err)
			if c.length != "*" {
				assert.Equal(t, c.length, answer.Header.Get("Content-Length"))
			}
			client.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			client.next("HEAD") // stands right behind: no byte of a body was sent
			client.closed()
			for _, line := range f.lines() {
				assert.Regexp(t, `" [0-9]{3} 0 "`, line)
			}
		})
	}
}

// TestEventsArriveAtOnce: each piece is read before the application writes the next one.
func TestEventsArriveAtOnce(t *testing.T) {
	for name, request := range map[string]string{
		"1.1, chunks":          get,
		"1.0, until the close": "GET / HTTP/1.0\r\n\r\n",
	} {
		for _, fields := range [][]string{nil, {"Content-Length", "4"}} {
			t.Run(name, func(t *testing.T) {
				out := spool.New(spool.Limits{Memory: 100})
				f := startFront(t, answering(func() *python.Response {
					resp := whole("200 OK", "", fields...)
					resp.Stream = out
					return resp
				}))
				c := f.dial().send(request)
				var body *bufio.Reader
				for _, piece := range []string{"a\n", "b\n"} {
					_, err := out.Write([]byte(piece))
					require.NoError(t, err)
					if body == nil { // PEP 3333: the head waits for the first piece
						body = bufio.NewReader(c.head("GET").Body)
					}
					got, err := body.ReadString('\n')
					require.NoError(t, err)
					assert.Equal(t, piece, got)
				}
				out.End(nil)
				_, err := body.ReadByte()
				assert.Equal(t, io.EOF, err)
			})
		}
	}
}

// TestAStreamTo10: the end of the connection is the end of the body, and a reset is a failure.
func TestAStreamTo10(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		f := startFront(t, answering(func() *python.Response { return streamed(nil, nil, "hel", "lo") }))
		c := f.dial().send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		answer := c.next("GET")
		require.NoError(t, answer.err)
		assert.Equal(t, "hello", answer.body)
		assert.Empty(t, answer.TransferEncoding)
		assert.Empty(t, answer.Header.Get("Content-Length"))
		assert.True(t, answer.Close)
		c.closed()
		assert.Contains(t, f.linesNow(t, "\n"), `" 200 5 "`)
	})
	t.Run("failed", func(t *testing.T) {
		f := startFront(t, answering(func() *python.Response { return streamed(errors.New("boom"), nil, "hel") }))
		c := f.dial().send("GET / HTTP/1.0\r\n\r\n")
		answer := c.next("GET")
		require.ErrorIs(t, answer.err, syscall.ECONNRESET)
		f.linesNow(t, "\n")
		assert.Contains(t, f.log.String(), `msg="response cut"`)
	})
}

// TestAClientThatLeavesAnAnswer: the writer of the spool is told.
func TestAClientThatLeavesAnAnswer(t *testing.T) {
	out := spool.New(spool.Limits{Memory: 1 << 10})
	f := startFront(t, answering(func() *python.Response {
		resp := whole("200 OK", "")
		resp.Stream = out
		return resp
	}))
	c := f.dial().send(get)
	_, err := out.Write([]byte("first"))
	require.NoError(t, err)
	c.head("GET")
	require.NoError(t, c.Close())
	for deadline := time.Now().Add(patience); err == nil && time.Now().Before(deadline); {
		_, err = out.Write(make([]byte, 512))
	}
	require.ErrorIs(t, err, spool.ErrReaderGone)
	out.End(nil)
	assert.Len(t, f.lines(), 1)
}

func TestErrorsOfTheApplication(t *testing.T) {
	cases := map[string]struct {
		err    error
		status int
		log    string
	}{
		"raised":         {&dispatch.ApplicationError{Traceback: "Traceback\nValueError: hidden"}, 500, `level=ERROR msg="request failed"`},
		"queue full":     {&dispatch.OverloadError{Reason: dispatch.ErrQueueFull, RetryAfter: 3 * time.Second}, 503, ""},
		"queue timeout":  {&dispatch.OverloadError{Reason: dispatch.ErrQueueTimeout, RetryAfter: time.Second}, 503, ""},
		"worker died":    {workers.ErrWorkerDied, 502, `level=ERROR msg="request lost with its worker"`},
		"timeout":        {dispatch.ErrTimeout, 504, ""},
		"something else": {errors.New("hidden"), 500, `level=ERROR msg="request failed"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{answer: func(call) (*python.Response, error) { return nil, c.err }})
			client := f.dial()
			answer := client.ask(get)
			assert.Equal(t, c.status, answer.StatusCode)
			assertPage(t, f, answer)
			assert.NotContains(t, answer.body, "hidden")

			answer = client.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json, text/html;q=0.5\r\n\r\n")
			var document struct {
				Status    int    `json:"status"`
				Error     string `json:"error"`
				RequestID string `json:"request_id"`
			}
			require.NoError(t, json.Unmarshal([]byte(answer.body), &document), answer.body)
			assert.Equal(t, c.status, document.Status)
			assert.Equal(t, http.StatusText(c.status), document.Error)
			assert.Len(t, document.RequestID, idLength)
			assert.NotContains(t, answer.body, "hidden")
			assert.Equal(t, c.status == 503, answer.Header.Get("Retry-After") != "")
			_ = client.Close()
			assert.Len(t, f.lines(), 2)
			assert.Contains(t, f.log.String(), c.log)
		})
	}
}

func TestAPanicIsAnErrorOfOneRequest(t *testing.T) {
	f := startFront(t, &application{waits: true, answer: func(seen call) (*python.Response, error) {
		if seen.environ["PATH_INFO"] == "/panic" {
			panic("hidden")
		}
		return whole("200 OK", ""), nil
	}})
	c := f.dial()
	answer := c.ask("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n")
	assert.Equal(t, 500, answer.StatusCode)
	assert.NotContains(t, answer.body, "hidden")
	c.closed()
	f.dial().open()
	assert.Len(t, f.lines(), 2)
	assert.Contains(t, f.log.String(), "request handler panicked")
}

func TestKeepAlive(t *testing.T) {
	cases := map[string]struct {
		request string
		close   bool
	}{
		"1.1":             {get, false},
		"1.1, close":      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true},
		"1.0":             {"GET / HTTP/1.0\r\n\r\n", true},
		"1.0, keep-alive": {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := startFront(t, &application{}).dial()
			answer := client.ask(c.request)
			assert.Equal(t, c.close, answer.Close)
			if c.close {
				client.closed()
			} else {
				client.open()
			}
		})
	}
	t.Run("0 serves one request a connection", func(t *testing.T) {
		client := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.KeepAlive = 0 }).dial()
		assert.True(t, client.ask(get).Close)
		client.closed()
	})
	t.Run("an idle connection is closed", func(t *testing.T) {
		f := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.KeepAlive = 50 * time.Millisecond })
		client := f.dial()
		assert.False(t, client.ask(get).Close)
		client.closed()
		assert.Len(t, f.lines(), 1)
	})
}

// What has left for a client that does not read yet is not touched any more, though the spool's file is written again from
// its beginning.
func TestAClientThatReadsLaterThanTheSpoolsFileIsUsedAgain(t *testing.T) {
	out := spool.New(spool.Limits{Memory: 1, File: 1 << 30, Dir: t.TempDir()})
	f := startFront(t, answering(func() *python.Response {
		resp := whole("200 OK", "")
		resp.Stream = out
		return resp
	}))
	c := f.dial().send(get)
	var body strings.Builder
	for _, letter := range []string{"a", "b", "c"} {
		piece := strings.Repeat(letter, 100_000)
		body.WriteString(piece)
		_, err := io.WriteString(out, piece)
		require.NoError(t, err)
		require.Eventually(t, out.Waited, patience, time.Millisecond, "the front has taken everything")
	}
	out.End(nil)
	answer := c.next("GET")
	require.NoError(t, answer.err)
	assert.Equal(t, hash(body.String()), hash(answer.body), "%d bytes came of %d", len(answer.body), body.Len())
}
