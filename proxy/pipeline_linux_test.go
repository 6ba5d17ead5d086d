package proxy

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// TestPipelines sends random requests, cut at random places, and holds the answers against what they must be: each is
// there, whole, in its place, and after the last one that may be answered there is nothing.
func TestPipelines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("0123456789"), 30_000), 0o600))
	app := &application{answer: func(seen call) (*python.Response, error) { return pipelined(file, seen) }}
	f := startFront(t, app, bySocket(t), func(cfg *config.Proxy) { cfg.BodyMemory = 5000 }).hasten(time.Millisecond)
	var clients sync.WaitGroup
	for seed := range uint64(60) {
		clients.Go(func() {
			p := newPipeline(seed)
			c := f.dial()
			sent := make(chan error, 1)
			go func() { sent <- p.sendTo(c) }() // ends when all is sent, or the connection is closed
			for _, want := range p.wanted {
				answer := c.next(want.method)
				for answer.StatusCode == http.StatusContinue {
					answer = c.next(want.method)
				}
				if !assert.NoError(t, answer.err) {
					break
				}
				assert.Equal(t, want.status, answer.StatusCode)
				if want.status == http.StatusOK {
					assert.Equal(t, want.body, answer.body[:min(len(answer.body), len(want.body))], "seed %d, %s", seed, want.method)
					assert.Len(t, answer.body, want.size, "seed %d", seed)
				}
			}
			if !p.ended {
				assert.NoError(t, <-sent)
				assert.NoError(t, c.Conn.(*net.UnixConn).CloseWrite())
			}
			c.closed()
			_ = c.Close()
			if p.ended {
				<-sent //nolint:errcheck // cut where the server had heard enough
			}
		})
	}
	clients.Wait()
	f.emptied()
	for _, seen := range app.seen() {
		assert.NotContains(t, seen.environ["PATH_INFO"], "poison")
	}
	assert.Zero(t, f.proxy.budget.Used())
	assert.NotContains(t, f.log.String(), "level=ERROR")
}

// pipelined answers with the sum of what came, and as much more as is asked for, in the way that is asked for.
func pipelined(file string, seen call) (*python.Response, error) {
	query, err := url.ParseQuery(seen.environ["QUERY_STRING"].(string))
	if err != nil {
		return nil, err
	}
	size, _ := strconv.Atoi(query.Get("size"))
	body := fmt.Sprintf("%s %x ", query.Get("n"), sha256.Sum256(seen.body))
	body += strings.Repeat("x", max(0, size-len(body)))
	switch query.Get("how") {
	case "stream":
		return streamed(nil, nil, body[:10], body[10:]), nil
	case "length":
		return streamed(nil, []string{"Content-Length", strconv.Itoa(len(body))}, body[:10], body[10:]), nil
	case "file":
		opened, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		resp := whole("200 OK", "")
		resp.File = &python.FilePart{File: opened, Count: int64(size)}
		return resp, nil
	}
	return whole("200 OK", body), nil
}

// pipeline is what one client sends, and what it must be answered.
type pipeline struct {
	random *rand.Rand
	bytes  bytes.Buffer
	wanted []answerWanted
	ended  bool // nothing is answered any more
}

type answerWanted struct {
	method string
	status int
	body   string // how it begins
	size   int
}

func newPipeline(seed uint64) *pipeline {
	p := &pipeline{random: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // a test that can be repeated
	for n := range 1 + p.random.IntN(15) {
		if p.random.IntN(25) == 0 {
			p.poison()
			break
		}
		p.request(n)
	}
	return p
}

// request adds a request that is served.
func (p *pipeline) request(n int) {
	how := []string{"whole", "stream", "length", "file"}[p.random.IntN(4)]
	size := []int{80, 200, 8000, 8400, 65527, 100_000, 300_000}[p.random.IntN(7)]
	method := []string{"GET", "POST", "PUT", "HEAD"}[p.random.IntN(4)]
	var body string
	fields := "X-Pad: " + strings.Repeat("p", p.random.IntN(3000)) + "\r\n"
	if method != "GET" && method != "HEAD" {
		body = strings.Repeat(string(rune('a'+n)), []int{0, 1, 10, 4096, 6000, 20_000}[p.random.IntN(6)])
		if p.random.IntN(5) == 0 {
			fields += "Expect: 100-continue\r\n"
		}
	}
	fmt.Fprintf(&p.bytes, "%s /%d?n=%d&how=%s&size=%d HTTP/1.1\r\nHost: a\r\n%s", method, n, n, how, size, fields)
	p.addBody(body)
	want := answerWanted{method, http.StatusOK, fmt.Sprintf("%d %x ", n, sha256.Sum256([]byte(body))), size}
	switch {
	case method == "HEAD":
		want.body, want.size = "", 0
	case how == "file":
		want.body = "0123456789"
	}
	p.wanted = append(p.wanted, want)
}

// addBody adds the rest of a request whose fields have begun.
func (p *pipeline) addBody(body string) {
	switch {
	case body == "":
		p.bytes.WriteString("\r\n")
	case p.random.IntN(2) == 0:
		fmt.Fprintf(&p.bytes, "Content-Length: %d\r\n\r\n%s", len(body), body)
	default:
		p.bytes.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := min(len(body), 1+p.random.IntN(3000))
			fmt.Fprintf(&p.bytes, "%x;e=1\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		p.bytes.WriteString("0\r\nX-Trailer: 1\r\n\r\n")
	}
}

// poison adds a request that is refused, with others behind it that nobody may see.
func (p *pipeline) poison() {
	bad := []string{
		"GET /poison HTTP/1.1\r\n\r\n",
		"GET /poison HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx",
		"POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n",
		"POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	}
	p.bytes.WriteString(bad[p.random.IntN(len(bad))])
	p.bytes.WriteString(strings.Repeat("GET /poison HTTP/1.1\r\nHost: a\r\n\r\n", p.random.IntN(200)))
	p.wanted = append(p.wanted, answerWanted{"GET", http.StatusBadRequest, "", 0})
	p.ended = true
}

// sendTo sends in pieces, with pauses in which the connection may come to rest.
func (p *pipeline) sendTo(w io.Writer) error {
	for p.bytes.Len() > 0 {
		if _, err := w.Write(p.bytes.Next(1 + p.random.IntN(1+p.random.IntN(9000)))); err != nil {
			return err
		}
		if p.random.IntN(4) == 0 {
			time.Sleep(time.Duration(p.random.IntN(2500)) * time.Microsecond)
		}
	}
	return nil
}

// FuzzSplits: bytes mean what they mean, however they are cut. The application is asked the same, and the answers are the
// same; only why a head is refused may depend on how much of it was looked at.
func FuzzSplits(f *testing.F) {
	for _, stream := range streams {
		f.Add([]byte(stream+lastOfStream), uint64(1))
	}
	for _, dir := range []string{"refused", "accepted"} {
		paths, err := filepath.Glob(filepath.Join("testdata", "requests", dir, "*.http"))
		require.NoError(f, err)
		for _, path := range paths {
			if content, err := os.ReadFile(path); err == nil && len(content) < 2<<10 {
				f.Add(content, uint64(len(content)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, seed uint64) {
		server := startEcho(t).hasten(time.Millisecond)
		random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test that can be repeated
		var pieces []string
		for rest := string(content); rest != ""; {
			n := min(len(rest), 1+random.IntN(1+random.IntN(60)))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		want, asked := server.hear(t, []string{string(content)})
		got, askedAgain := server.hear(t, pieces)
		require.Equal(t, asked, askedAgain)
		require.Equal(t, want, got)
	})
}

// hear sends the pieces and half-closes. It returns the bytes that come back without what differs each time, and how the
// application was called.
func (f *front) hear(t *testing.T, pieces []string) (string, []call) {
	f.app.mu.Lock()
	f.app.calls = nil
	f.app.mu.Unlock()
	c := f.dial()
	for _, piece := range pieces {
		if _, err := io.WriteString(c, piece); err != nil {
			break // cut while it sent
		}
		for deadline := time.Now().Add(patience); c.unread() > 0 && time.Now().Before(deadline); {
			time.Sleep(20 * time.Microsecond) // nothing tells of it
		}
	}
	_ = c.Conn.(*net.UnixConn).CloseWrite() // the server may have closed
	back, _ := io.ReadAll(c)                // a reset is an end too
	_ = c.Close()
	f.emptied()
	calls := f.app.seen()
	for i := range calls {
		calls[i].gone = nil
		delete(calls[i].environ, "forebay.request_id")
		delete(calls[i].environ, "HTTP_X_REQUEST_ID")
	}
	return varying.ReplaceAllString(string(back), "$1"), calls
}

// varying is what differs from one time to another: dates, ids, whether the client was told to go on, and how it was refused.
var varying = regexp.MustCompile(`Date: [^\r]*\r\n|X-Request-ID: [^\r]*\r\n|HTTP/1\.1 100 Continue\r\n\r\n|(?s)(HTTP/1\.1 )[45][0-9][0-9] .*$`)
