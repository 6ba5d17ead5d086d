package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
	"forebay/python/spool"
)

// framed is one way to ask and to answer.
type framed struct {
	kind     string // of the body
	given    int    // bytes of it
	promised int    // its Content-Length, or -1
	status   int
	method   string
	protocol string // and what is said of the connection
}

var protocols = map[string]struct {
	version, fields string
	kept            bool
}{
	"1.1":             {"HTTP/1.1", "Host: a\r\n", true},
	"1.1, close":      {"HTTP/1.1", "Host: a\r\nConnection: close\r\n", false},
	"1.0":             {"HTTP/1.0", "", false},
	"1.0, keep-alive": {"HTTP/1.0", "Connection: keep-alive\r\n", true},
}

// TestFraming asks in all ways for answers of all kinds: the message ends where it must, and nowhere else, and the next
// one on the connection is right behind it, or it is cut so that no client takes it for the whole.
func TestFraming(t *testing.T) {
	for _, kind := range []string{"whole", "stream", "file"} {
		for protocol := range protocols {
			t.Run(kind+", "+protocol, func(t *testing.T) {
				answers := make(chan *python.Response, 1)
				f := startFront(t, &application{answer: func(seen call) (*python.Response, error) {
					if seen.environ["PATH_INFO"] == "/next" {
						return whole("200 OK", "next"), nil
					}
					return <-answers, nil
				}})
				for _, given := range []int{0, 1, 5, 9000} {
					for _, promised := range []int{-1, 0, 4, 5, 6, 9000, 9001} {
						for _, status := range []int{200, 204, 205, 304, 404} {
							for _, method := range []string{"GET", "HEAD"} {
								c := framed{kind, given, promised, status, method, protocol}
								answers <- c.response(t)
								c.check(t, f)
							}
						}
					}
				}
			})
		}
	}
}

func (c framed) response(t *testing.T) *python.Response {
	var fields []string
	if c.promised >= 0 {
		fields = []string{"Content-Length", strconv.Itoa(c.promised)}
	}
	body := strings.Repeat("x", c.given)
	var resp *python.Response
	switch c.kind {
	case "stream":
		resp = streamed(nil, fields, body[:c.given/2], body[c.given/2:])
	case "file":
		resp = filed(t, body, 0, int64(c.given), fields...)
	default:
		resp = whole("200 OK", body, fields...)
	}
	resp.Status, resp.Reason = c.status, []byte("Word")
	return resp
}

func (c framed) check(t *testing.T, f *front) {
	t.Helper()
	p := protocols[c.protocol]
	client := f.dial()
	defer func() { _ = client.Close() }()
	request := c.method + " / " + p.version + "\r\n" + p.fields + "\r\n"
	raw, err := io.ReadAll(client.send(request + "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
	bare := c.method == "HEAD" || c.status == 204 || c.status == 304
	head, rest, found := strings.Cut(string(raw), "\r\n\r\n")
	note := fmt.Sprintf("%+v: %q", c, raw[:min(len(raw), 300)])
	require.True(t, found, note)
	head += "\r\n"
	if c.kind == "stream" && !bare && c.given == 0 && c.promised > 0 { // nothing had left when it showed
		require.Contains(t, head, " 500 ", note)
		return
	}
	require.Contains(t, head, "HTTP/1.1 "+strconv.Itoa(c.status)+" Word", note)
	chunked := strings.Contains(head, "Transfer-Encoding: chunked")
	lengths := strings.Count(head, "Content-Length: ")
	unknown := c.kind == "stream" && c.promised < 0
	assert.Equal(t, !bare && unknown && p.version == "HTTP/1.1", chunked, note)
	assert.LessOrEqual(t, lengths, 1, note)
	if c.status == 204 || c.status == 304 {
		assert.Zero(t, lengths, note)
	}
	size := c.given
	if c.promised >= 0 {
		size = min(size, c.promised)
	}
	short := !bare && c.promised > c.given
	if bare {
		size = 0
	}
	body := strings.Repeat("x", size)
	switch {
	case chunked:
		body = unchunked(t, &rest, note)
		assert.Len(t, body, size, note)
	case !bare && lengths == 1:
		assert.Contains(t, head, "Content-Length: "+strconv.Itoa(max(size, c.promised))+"\r\n", note)
		require.True(t, strings.HasPrefix(rest, body), note)
		rest = rest[len(body):]
	case !bare: // to the end of the connection
		assert.Equal(t, body, rest, note)
		assert.NoError(t, err, note)
		return
	}
	kept := p.kept && !short
	assert.Equal(t, !kept, strings.Contains(head, "Connection: close") || short, note)
	if !kept {
		assert.Empty(t, rest, note)
		return
	}
	next, err := http.ReadResponse(bufio.NewReader(strings.NewReader(rest)), nil)
	require.NoError(t, err, note)
	said, err := io.ReadAll(next.Body)
	require.NoError(t, err, note)
	assert.Equal(t, "next", string(said), note)
}

// unchunked takes a body in the chunked coding from the beginning of a text, and holds each size to be as short as it can.
func unchunked(t *testing.T, text *string, note string) string {
	t.Helper()
	var body strings.Builder
	for {
		line, rest, found := strings.Cut(*text, "\r\n")
		require.True(t, found, note)
		size, err := strconv.ParseInt(line, 16, 32)
		require.NoError(t, err, note)
		require.Equal(t, strconv.FormatInt(size, 16), line, note)
		require.GreaterOrEqual(t, len(rest), int(size)+2, note)
		body.WriteString(rest[:size])
		require.Equal(t, "\r\n", rest[size:size+2], note)
		*text = rest[size+2:]
		if size == 0 {
			return body.String()
		}
	}
}

// TestChunksOfTheSizesOfBuffers: around the sizes of the spool's pieces and batches, in memory and beyond.
func TestChunksOfTheSizesOfBuffers(t *testing.T) {
	const piece, batch = 4072, 16 * 4072
	for _, memory := range []int64{1 << 20, 8 << 10} {
		sizes := make(chan int, 1)
		f := startFront(t, &application{answer: func(call) (*python.Response, error) {
			resp := whole("200 OK", "")
			resp.Stream = spool.New(spool.Limits{Memory: memory, File: 1 << 20})
			_, _ = resp.Stream.Write([]byte(digits(<-sizes))) // there is room
			resp.Stream.End(nil)
			return resp, nil
		}})
		c := f.dial()
		for _, edge := range []int{16, 256, 4096, piece, 2 * piece, 8 << 10, batch, 65536, 65527, 2 * batch, 200_000} {
			for size := edge - 2; size <= edge+2; size++ {
				sizes <- size
				answer := c.ask(get)
				require.Equal(t, hash(digits(size)), hash(answer.body), size)
			}
		}
	}
}

// digits is a text in which no two places are the same.
func digits(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(strconv.Itoa(i))
		b.WriteByte(' ')
	}
	return b.String()[:size]
}
