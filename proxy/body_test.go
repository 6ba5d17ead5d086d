package proxy

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// small are settings under which little is much.
func small(cfg *config.Proxy) { cfg.BodySize, cfg.BodyMemory = 1000, 100 }

func post(fields, body string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body
}

func withLength(body string) string {
	return post("Content-Length: "+strconv.Itoa(len(body))+"\r\n", body)
}

// inChunks is a chunked request whose chunks have at most size bytes.
func inChunks(body string, size int) string {
	var b strings.Builder
	b.WriteString(post("Transfer-Encoding: chunked\r\n", ""))
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

func TestBodiesArriveWhole(t *testing.T) {
	cases := map[string]struct {
		size int
		file bool
	}{
		"nothing":             {0, false},
		"one byte":            {1, false},
		"below the memory":    {99, false},
		"above the memory":    {101, true},
		"one below the limit": {999, true},
		"exactly the limit":   {1000, true},
	}
	for name, c := range cases {
		for form, encode := range map[string]func(string) string{
			"length": withLength,
			"chunks": func(b string) string { return inChunks(b, 64) },
		} {
			t.Run(name+" by "+form, func(t *testing.T) {
				app := &application{}
				client := startFront(t, app, small).dial()
				body := strings.Repeat("0123456789", 100)[:c.size]
				require.Equal(t, http.StatusOK, client.ask(encode(body)).StatusCode)
				seen := app.seen()[0]
				assert.Equal(t, body, string(seen.body))
				assert.Equal(t, c.file, seen.file, "in a file")
				assert.Equal(t, strconv.Itoa(c.size), seen.environ["CONTENT_LENGTH"])
				assert.NotContains(t, seen.environ, "HTTP_TRANSFER_ENCODING")
				client.open()
			})
		}
	}
}

func TestALargeBodyGoesToAnUnlinkedFile(t *testing.T) {
	dir := t.TempDir()
	app := &application{}
	f := startFront(t, app, func(cfg *config.Proxy) { cfg.TempDir = dir })
	body := bytes.Repeat([]byte{0, 1, 2, 0xff, '\n'}, 1<<20)
	f.dial().ask(withLength(string(body)))
	seen := app.seen()[0]
	assert.True(t, seen.file)
	assert.Equal(t, sha256.Sum256(body), sha256.Sum256(seen.body))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestSmallChunksAreStoredTogether counts the system calls: a client that sends a byte a chunk must not cost a write a
// byte.
func TestSmallChunksAreStoredTogether(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts with /proc/self/io")
	}
	app := &application{}
	c := startFront(t, app, func(cfg *config.Proxy) { cfg.BodyMemory = 100 }).dial()
	body := strings.Repeat("0123456789", 10_000)
	before := writes(t)
	require.Equal(t, http.StatusOK, c.ask(inChunks(body, 1)).StatusCode)
	assert.Less(t, writes(t)-before, len(body)/100)
	seen := app.seen()[0]
	assert.True(t, seen.file)
	assert.Equal(t, body, string(seen.body))
}

// writes is how often this process has called write(2) and the like.
func writes(t *testing.T) int {
	t.Helper()
	counts, err := os.ReadFile("/proc/self/io")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(counts), "syscw: ")
	require.True(t, found)
	digits, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(digits)
	require.NoError(t, err)
	return n
}

func TestARequestWithoutABodyHasNoLength(t *testing.T) {
	app := &application{}
	startFront(t, app).dial().ask(get)
	assert.NotContains(t, app.seen()[0].environ, "CONTENT_LENGTH")
}

// TestTrailersAreDropped: they come after the head has been judged, and must not become fields.
func TestTrailersAreDropped(t *testing.T) {
	app := &application{}
	c := startFront(t, app).dial()
	c.ask(post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n"))
	c.open()
	assert.Equal(t, "x", string(app.seen()[0].body))
	assert.NotContains(t, app.seen()[0].environ, "HTTP_X_LATE")
}

func TestBodiesThatAreRefused(t *testing.T) {
	cases := map[string]struct {
		raw    string
		status int
	}{
		"length over the limit":             {withLength(strings.Repeat("x", 1001)), 413},
		"length over the limit, none sent":  {post("Content-Length: 1001\r\nExpect: 100-continue\r\n", ""), 413},
		"chunks over the limit":             {inChunks(strings.Repeat("x", 1001), 64), 413},
		"one chunk over the limit":          {inChunks(strings.Repeat("x", 1001), 2000), 413},
		"a chunk over the limit, none sent": {post("Transfer-Encoding: chunked\r\n", "3e9\r\n"), 413},
		"the second chunk over the limit":   {post("Transfer-Encoding: chunked\r\n", "3e8\r\n"+strings.Repeat("x", 1000)+"\r\n1\r\n"), 413},
		"expectation, chunks over a limit":  {strings.Replace(inChunks(strings.Repeat("x", 1001), 64), "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1), 413},
		"trailer that is no field":          {post("Transfer-Encoding: chunked\r\n", "0\r\nX(: 1\r\n\r\n"), 400},
		"length beyond what a number holds": {post("Content-Length: 999999999999999999\r\n", "x"), 413},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, small)
			client := f.dial().send(c.raw)
			answer := client.next("POST")
			if answer.StatusCode == http.StatusContinue && strings.Contains(name, "chunks") {
				answer = client.next("POST") // how long it is shows only afterwards
			}
			assert.Equal(t, c.status, answer.StatusCode)
			assert.True(t, answer.Close)
			client.closed()
			require.NoError(t, client.Close())
			assert.Empty(t, app.seen())
			assert.Len(t, f.lines(), 1)
		})
	}
}

// TestARefusalReachesAClientThatKeepsSending: it reads only when it has sent all, as most libraries do.
func TestARefusalReachesAClientThatKeepsSending(t *testing.T) {
	f := startFront(t, &application{}, small)
	const size = 40 << 20
	c := f.dial().send(post(fmt.Sprintf("Content-Length: %d\r\n", size), ""))
	piece := make([]byte, 64<<10)
	for sent := 0; sent < size; sent += len(piece) {
		_, err := c.Write(piece)
		require.NoError(t, err, "after %d bytes", sent)
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, c.next("POST").StatusCode)
	c.closed()
}

func TestAnUnfinishedBodyNeverReachesTheApplication(t *testing.T) {
	starts := map[string]string{
		"nothing of a length":    post("Content-Length: 10\r\n", ""),
		"one byte of a length":   post("Content-Length: 10\r\n", "1"),
		"nearly all of a length": post("Content-Length: 10\r\n", "123456789"),
		"no chunk":               post("Transfer-Encoding: chunked\r\n", ""),
		"half a chunk":           post("Transfer-Encoding: chunked\r\n", "a\r\n12345"),
		"no last chunk":          post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n"),
		"half a trailer":         post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\nX-Y: "),
		"no final line":          post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n"),
		"a file's":               post("Content-Length: 900\r\n", strings.Repeat("x", 800)),
	}
	ends := map[string]func(t *testing.T, c *client){
		"close": func(t *testing.T, c *client) { require.NoError(t, c.Close()) },
		"half-close": func(t *testing.T, c *client) {
			require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			answer := c.next("POST")
			assert.GreaterOrEqual(t, answer.StatusCode, 400)
			c.closed()
		},
		"reset": func(t *testing.T, c *client) {
			require.NoError(t, c.Conn.(*net.TCPConn).SetLinger(0))
			require.NoError(t, c.Close())
		},
	}
	for start, raw := range starts {
		for end, leave := range ends {
			t.Run(start+", "+end, func(t *testing.T) {
				app := &application{}
				f := startFront(t, app, small)
				c := f.dial().send(raw)
				leave(t, c)
				f.linesNow(t, "\n")
				assert.Empty(t, app.seen())
				assert.Len(t, f.lines(), 1)
			})
		}
	}
}

func TestABodyThatStopsIsTimedOut(t *testing.T) {
	for name, raw := range map[string]string{
		"length": post("Content-Length: 10\r\n", "12345"),
		"chunks": post("Transfer-Encoding: chunked\r\n", "a\r\n12345"),
	} {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, func(cfg *config.Proxy) { cfg.BodyTimeout = 50 * time.Millisecond })
			c := f.dial().send(raw)
			answer := c.next("POST")
			assert.Equal(t, http.StatusRequestTimeout, answer.StatusCode)
			assert.True(t, answer.Close)
			c.closed()
			assert.Empty(t, app.seen())
		})
	}
}

func TestABodyThatIsTooSlowIsTimedOut(t *testing.T) {
	for name, raw := range map[string]string{
		"length": post("Content-Length: 10\r\n", "12345"),
		"chunks": post("Transfer-Encoding: chunked\r\n", "a\r\n12345"),
	} {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, func(cfg *config.Proxy) {
				cfg.BodyTimeout, cfg.BodyMinRate, cfg.BodyMinRateAfter = time.Hour, 1<<20, 50*time.Millisecond
			})
			c := f.dial().send(raw)
			assert.Equal(t, http.StatusRequestTimeout, c.next("POST").StatusCode)
			c.closed()
			require.NoError(t, c.Close())
			assert.Empty(t, app.seen())
			f.finish()
			assert.Contains(t, f.log.String(), "body_min_rate")
		})
	}
}

func TestBodyDeadline(t *testing.T) {
	begun := time.Unix(1000, 0)
	at := func(s float64) time.Time { return begun.Add(time.Duration(s * float64(time.Second))) }
	tests := map[string]struct {
		rate     int64
		total    int64
		now      float64 // seconds after the head
		deadline float64
		tooSlow  bool
	}{
		"nothing came yet":               {500, 0, 0, 10, true},
		"what came buys time":            {500, 5000, 12, 20, true},
		"more than the longest pause":    {500, 1 << 20, 12, 72, false},
		"behind already":                 {500, 100, 30, 10.2, true},
		"no limit":                       {0, 0, 30, 90, false},
		"a body larger than any counter": {1, 1 << 53, 5, 65, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default().Proxy
			x := &exchange{rules: &rules{cfg: cfg}}
			x.upload = upload{begun: begun, last: at(tt.now), total: tt.total, bodyRules: bodyRules{pause: cfg.BodyTimeout, rate: tt.rate}}
			deadline := x.bodyLimit(at(tt.now))
			assert.Equal(t, at(tt.deadline), deadline)
			assert.Equal(t, tt.tooSlow, x.upload.tooSlow)
		})
	}
}

func TestAHeadThatStopsIsTimedOut(t *testing.T) {
	for name, raw := range map[string]string{"nothing": "", "half a line": "GE", "half a head": "GET / HTTP/1.1\r\nHost: a\r\n"} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.HeadTimeout = 50 * time.Millisecond })
			c := f.dial().send(raw)
			assert.Equal(t, http.StatusRequestTimeout, c.next("GET").StatusCode)
			c.closed()
		})
	}
}

func TestExpectation(t *testing.T) {
	app := &application{}
	f := startFront(t, app)
	c := f.dial().send(post("Content-Length: 3\r\nExpect: 100-Continue\r\n", ""))
	line, err := c.r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = c.r.ReadString('\n')
	require.NoError(t, err)
	require.Empty(t, app.seen())
	assert.Equal(t, http.StatusOK, c.ask("abc").StatusCode)
	assert.Equal(t, "abc", string(app.seen()[0].body))
	c.open()
	_ = c.Close()
	assert.Len(t, f.lines(), 2)
}

// TestExpectationOf10IsIgnored: RFC 9110, section 10.1.1.
func TestExpectationOf10IsIgnored(t *testing.T) {
	c := startFront(t, &application{}).dial()
	answer := c.ask("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	c.closed()
}

// TestABodyWithoutRoom: a disk that cannot take the body is our fault, and says so.
func TestABodyWithoutRoom(t *testing.T) {
	app := &application{}
	f := startFront(t, app, small, func(cfg *config.Proxy) { cfg.TempDir += "/gone" })
	c := f.dial()
	answer := c.ask(withLength(strings.Repeat("x", 500)))
	require.NoError(t, c.Close())
	assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode)
	assert.NotContains(t, answer.body, "gone")
	assert.Empty(t, app.seen())
	_ = f.lines()
	assert.Regexp(t, `(?m)request body not stored" method=POST target=/ request_id=\w+ error="temporary file: .*no such file or directory"$`, f.log.String(),
		"one line, without a worker")
}

// TestTheClientOfAWaitingRequest: what dispatch asks before it gives a request to a thread.
func TestTheClientOfAWaitingRequest(t *testing.T) {
	entered, leave := make(chan func() bool, 3), make(chan struct{})
	app := &application{answer: func(seen call) (*python.Response, error) {
		entered <- seen.gone
		<-leave
		return whole("200 OK", ""), nil
	}}
	f := startFront(t, app)
	t.Cleanup(func() { close(leave) }) // before the front's own end, which waits for the application

	waiting := f.dial().send(get)
	gone := <-entered
	waiting.send(get) // a pipelined request is no reason to be taken for gone
	assert.False(t, gone())

	leaving := f.dial().send(get)
	gone = <-entered
	assert.False(t, gone())
	require.NoError(t, leaving.Close())
	require.Eventually(t, gone, patience, time.Millisecond)
}
