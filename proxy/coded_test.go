package proxy

import (
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

const (
	getGzip   = "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
	getGzip10 = "GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n"
	headGzip  = "HEAD / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
)

func compressing(c *config.Proxy) { c.Compress = true }

// unzipped undoes gzip, if the text is in it.
func unzipped(t *testing.T, text string) string {
	t.Helper()
	reader, err := gzip.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	whole, err := io.ReadAll(reader)
	require.NoError(t, err)
	return string(whole)
}

func TestResponsesAreCompressed(t *testing.T) {
	page := strings.Repeat("<p>all work and no play</p>\n", 1000)
	html := []string{"Content-Type", "text/html", "ETag", `"v1"`}
	sized := append(html, "Content-Length", "28000")
	tests := map[string]func() *python.Response{
		"whole":                     func() *python.Response { return whole("200 OK", page, html...) },
		"whole, with its length":    func() *python.Response { return whole("200 OK", page, sized...) },
		"whole, and longer":         func() *python.Response { return whole("200 OK", page+"surplus", sized...) },
		"in pieces":                 func() *python.Response { return streamed(nil, html, page[:9], page[9:20_000], page[20_000:]) },
		"in pieces, of this length": func() *python.Response { return streamed(nil, sized, page[:9], page[9:], "surplus") },
		"in pieces, from a file":    func() *python.Response { return spilled(t, html, page) },
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(make), compressing)
			for _, request := range []string{getGzip, getGzip10} {
				c := f.dial().send(request)
				got := c.next("GET")
				require.NoError(t, got.err)
				assert.Equal(t, "gzip", got.Header.Get("Content-Encoding"))
				assert.Equal(t, "Accept-Encoding", got.Header.Get("Vary"))
				assert.Equal(t, `W/"v1"`, got.Header.Get("ETag"))
				assert.Less(t, len(got.body), 1000)
				assert.Equal(t, page, unzipped(t, got.body))
			}
			plain := f.dial().send(get).next("GET")
			require.NoError(t, plain.err)
			assert.Equal(t, page, plain.body)
			assert.Empty(t, plain.Header.Get("Content-Encoding"))
			assert.Equal(t, "Accept-Encoding", plain.Header.Get("Vary"))
			assert.Equal(t, `"v1"`, plain.Header.Get("ETag"))
		})
	}
}

// spilled is a response most of whose body is in its spool's file.
func spilled(t *testing.T, fields []string, body string) *python.Response {
	resp := whole("200 OK", "", fields...)
	resp.Stream = spool.New(spool.Limits{Memory: 100, File: 1 << 20, Dir: t.TempDir()})
	_, err := resp.Stream.Write([]byte(body))
	assert.NoError(t, err)
	resp.Stream.End(nil)
	return resp
}

func TestWhatIsNotCompressed(t *testing.T) {
	noise := strings.Repeat("x", 2000)
	tests := map[string]struct {
		make func() *python.Response
		vary string
	}{
		"a picture": {func() *python.Response { return whole("200 OK", noise, "Content-Type", "image/png") }, ""},
		"small":     {func() *python.Response { return whole("200 OK", "small", "Content-Type", "text/html") }, ""},
		"a file":    {func() *python.Response { return filed(t, noise, 0, 2000, "Content-Type", "text/html") }, ""},
		"not larger": {func() *python.Response {
			return streamed(nil, []string{"Content-Type", "text/html", "Content-Length", "5"}, "hello")
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := startFront(t, answering(tt.make), compressing).dial().send(getGzip).next("GET")
			require.NoError(t, got.err)
			assert.Empty(t, got.Header.Get("Content-Encoding"))
			assert.Equal(t, tt.vary, got.Header.Get("Vary"))
		})
	}
	got := startFront(t, answering(func() *python.Response { return whole("200 OK", noise, "Content-Type", "text/html") })).dial().send(getGzip).next("GET")
	assert.Empty(t, got.Header.Get("Content-Encoding"), "nobody has asked for it")
	assert.Empty(t, got.Header.Get("Vary"))
}

func TestHeadOfACompressedResponse(t *testing.T) {
	for name, resp := range map[string]func() *python.Response{
		"a length": func() *python.Response {
			return whole("200 OK", "", "Content-Type", "text/html", "Content-Length", "28000")
		},
		"the whole body": func() *python.Response {
			return whole("200 OK", strings.Repeat("x", 28000), "Content-Type", "text/html")
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := startFront(t, answering(resp), compressing).dial().send(headGzip).next("HEAD")
			require.NoError(t, got.err)
			assert.Equal(t, "gzip", got.Header.Get("Content-Encoding"))
			assert.Equal(t, "Accept-Encoding", got.Header.Get("Vary"))
			assert.Empty(t, got.Header.Get("Content-Length"), "it would not be that of the answer to GET")
		})
	}
}

// TestCompressedEventsArriveAtOnce: each piece can be read before the application writes the next one.
func TestCompressedEventsArriveAtOnce(t *testing.T) {
	for name, request := range map[string]string{"1.1, chunks": getGzip, "1.0, until the close": getGzip10} {
		t.Run(name, func(t *testing.T) {
			out := spool.New(spool.Limits{Memory: 100})
			f := startFront(t, answering(func() *python.Response {
				resp := whole("200 OK", "", "Content-Type", "text/html")
				resp.Stream = out
				return resp
			}), compressing)
			c := f.dial().send(request)
			var body io.Reader
			for _, piece := range []string{"first\n", "second\n"} {
				_, err := out.Write([]byte(piece))
				require.NoError(t, err)
				if body == nil {
					body, err = gzip.NewReader(c.head("GET").Body)
					require.NoError(t, err)
				}
				got := make([]byte, len(piece))
				_, err = io.ReadFull(body, got)
				require.NoError(t, err)
				assert.Equal(t, piece, string(got))
			}
			out.End(nil)
			_, err := body.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err, "it has gzip's own end")
		})
	}
}

func TestACompressedResponseThatFailsIsCut(t *testing.T) {
	html := []string{"Content-Type", "text/html"}
	for name, make := range map[string]func() *python.Response{
		"in the middle": func() *python.Response { return streamed(errors.New("boom"), html, "hel") },
		"too short":     func() *python.Response { return streamed(nil, append(html, "Content-Length", "2000"), "hel") },
		"whole and too short": func() *python.Response {
			return whole("200 OK", strings.Repeat("x", 3000), append(html, "Content-Length", "4000")...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(make), compressing)
			got := f.dial().send(getGzip).next("GET")
			require.Error(t, got.err)
			f.linesNow(t, "\n")
			assert.Contains(t, f.log.String(), `msg="response cut"`)
		})
	}
}

func TestWhenTooManyAreCompressedOthersGoAsTheyAre(t *testing.T) {
	first := spool.New(spool.Limits{Memory: 100})
	streams := make(chan *spool.Spool, 1)
	streams <- first
	f := startFront(t, answering(func() *python.Response {
		select {
		case out := <-streams:
			resp := whole("200 OK", "", "Content-Type", "text/html")
			resp.Stream = out
			return resp
		default:
			return streamed(nil, []string{"Content-Type", "text/html"}, "second")
		}
	}), compressing, func(c *config.Proxy) { c.CompressStreams = 1 })
	_, err := first.Write([]byte("first"))
	require.NoError(t, err)
	c := f.dial().send(getGzip)
	assert.Equal(t, "gzip", c.head("GET").Header.Get("Content-Encoding"))

	second := f.dial().send(getGzip).next("GET")
	assert.Equal(t, "second", second.body)
	assert.Empty(t, second.Header.Get("Content-Encoding"))
	assert.Equal(t, "Accept-Encoding", second.Header.Get("Vary"))
	first.End(nil)
}
