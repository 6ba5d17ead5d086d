package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// requestFiles are the files below testdata/requests that hold bytes as a client sends them: NAME.STATUS.http, where
// the status is the answer's, or NAME.STATUS.STATUS.http for two requests.
func requestFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "requests", dir, "*.http"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	files := map[string][]byte{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		files[strings.TrimSuffix(filepath.Base(path), ".http")] = content
	}
	return files
}

// statusesOf reads the statuses out of a file's name.
func statusesOf(t *testing.T, name string) []int {
	t.Helper()
	var statuses []int
	for _, word := range strings.Split(name, ".")[1:] {
		status, err := strconv.Atoi(word)
		require.NoError(t, err, name)
		statuses = append(statuses, status)
	}
	require.NotEmpty(t, statuses, name)
	return statuses
}

var (
	idInPage   = regexp.MustCompile(`<code>([0-9a-f]{16})</code>`)
	lineFormat = regexp.MustCompile(`^127\.0\.0\.1 - - \[[^]]+\] "([^"]*)" ([0-9]{3}) ([0-9]+) "[^"]*" "[^"]*" ([0-9]{1,5})\.[0-9]{3}ms ([0-9a-f]{16})$`)
)

// TestRefusedRequests sends what must not reach an application. Whatever follows the last answer on the connection is
// a fault: a server that reads on after a head it did not understand can be made to read another request in it.
func TestRefusedRequests(t *testing.T) {
	for name, content := range requestFiles(t, "refused") {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app)
			c := f.dial()
			statuses := statusesOf(t, name)
			sent := make(chan struct{})
			go func() { // ends when all is sent, or the connection is closed
				defer close(sent)
				_, _ = c.Write(content) // cut where the server has heard enough
			}()
			for i, status := range statuses {
				last := i == len(statuses)-1
				answer := c.next("GET")
				require.NoError(t, answer.err)
				require.Equal(t, status, answer.StatusCode, answer.body)
				require.Equal(t, last, answer.Close, "Connection: close")
				if last {
					assertPage(t, f, answer)
				}
			}
			c.closed()
			_ = c.Close()
			<-sent
			assert.Len(t, app.seen(), len(statuses)-1, "requests that the application saw")
			lines := f.lines()
			require.Len(t, lines, len(statuses))
			for i, line := range lines {
				parts := lineFormat.FindStringSubmatch(line)
				require.NotNil(t, parts, line)
				assert.Equal(t, strconv.Itoa(statuses[i]), parts[2], line)
			}
		})
	}
}

// assertPage asserts that an error page names the request's id, and nothing of the machine or of the request.
func assertPage(t *testing.T, f *front, answer answered) {
	t.Helper()
	id := idInPage.FindStringSubmatch(answer.body)
	require.NotNil(t, id, answer.body)
	assert.Equal(t, "text/html; charset=utf-8", answer.Header.Get("Content-Type"))
	assert.Equal(t, "Accept", answer.Header.Get("Vary"), "RFC 9110, section 12.5.5")
	assert.Contains(t, answer.body, strconv.Itoa(answer.StatusCode))
	for _, word := range []string{f.addr.String(), "/poison", ".go:", "goroutine", "secret", "fasthttp"} {
		assert.NotContains(t, answer.body, word)
	}
	assert.Contains(t, f.linesNow(t, id[1]), id[1])
}

// linesNow waits until the access log has a line with a text, and returns the log.
func (f *front) linesNow(t *testing.T, text string) string {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(f.access.String(), text) }, patience, time.Millisecond)
	return f.access.String()
}

func TestAcceptedRequests(t *testing.T) {
	for name, content := range requestFiles(t, "accepted") {
		t.Run(name, func(t *testing.T) {
			app := &application{answer: func(seen call) (*python.Response, error) {
				return whole("200 OK", seen.environ["REQUEST_METHOD"].(string)+" "+seen.environ["RAW_URI"].(string)), nil
			}}
			f := startFront(t, app)
			c := f.dial()
			c.send(string(content))
			var said []string
			for _, status := range statusesOf(t, name) {
				answer := c.next("GET")
				require.NoError(t, answer.err)
				require.Equal(t, status, answer.StatusCode, answer.body)
				said = append(said, answer.body)
			}
			require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			c.closed()
			want, err := os.ReadFile(filepath.Join("testdata", "requests", "accepted", name+".want"))
			require.NoError(t, err)
			assert.Equal(t, string(want), strings.Join(said, "\n")+"\n")
			assert.Len(t, f.lines(), len(said))
		})
	}
}

// TestAHalfHeadIsNoRequest: a client that leaves before the empty line has asked for nothing.
func TestAHalfHeadIsNoRequest(t *testing.T) {
	app := &application{}
	f := startFront(t, app)
	c := f.dial().send("GET /half HTTP/1.1\r\nHost: a\r\n")
	require.NoError(t, c.Close())
	assert.Contains(t, f.linesNow(t, " 400 "), "127.0.0.1")
	assert.Empty(t, app.seen())
	assert.Len(t, f.lines(), 1)
}

// TestAConnectionThatSaysNothingIsNoRequest: health checks and browsers open connections that they do not use.
func TestAConnectionThatSaysNothingIsNoRequest(t *testing.T) {
	f := startFront(t, &application{})
	c := f.dial()
	require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
	c.closed()
	assert.Empty(t, f.lines())
}

// FuzzConnection sends bytes to a real listener: whatever they are, each answer is well-formed, and the connection ends.
func FuzzConnection(f *testing.F) {
	for _, dir := range []string{"refused", "accepted"} {
		paths, err := filepath.Glob(filepath.Join("testdata", "requests", dir, "*.http"))
		require.NoError(f, err)
		for _, path := range paths {
			if content, err := os.ReadFile(path); err == nil && len(content) < 4<<10 {
				f.Add(content)
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		server := startFront(t, &application{})
		c := server.dial()
		if _, err := c.Write(content); err != nil {
			return // cut while it sent
		}
		require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
		for {
			if _, err := c.r.Peek(1); err != nil {
				return
			}
			resp, err := http.ReadResponse(bufio.NewReader(c.r), &http.Request{Method: "HEAD"})
			require.NoError(t, err)
			require.GreaterOrEqual(t, resp.StatusCode, 100)
			_, _ = io.Copy(io.Discard, c.r) // only the first answer can be told apart without knowing its method
		}
	})
}
