package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestStaticFilesAreAnsweredWithoutTheApplication(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.txt"), []byte("small"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "large.bin"), make([]byte, 300_000), 0o600))
	f := startFront(t, &application{}, func(c *config.Proxy) {
		c.Static = []config.Static{config.NewStatic("/static/", dir)}
	})
	tests := []struct {
		method, path string
		status, size int
		logged       string // status and bytes
	}{
		{"GET", "/static/small.txt", 200, 5, " 200 5 "},
		{"HEAD", "/static/small.txt", 200, 0, " 200 0 "},
		{"GET", "/static/large.bin", 200, 300_000, " 200 300000 "},
		{"GET", "/static/missing", 404, -1, " 404 "},
		{"POST", "/static/small.txt", 405, -1, " 405 "},
		{"GET", "/application", 200, 4, " 200 4 "},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+f.addr.String()+tt.path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, tt.status, resp.StatusCode, tt.path)
		if tt.size >= 0 {
			assert.Len(t, body, tt.size, tt.path)
		} else {
			assert.Contains(t, string(body), http.StatusText(tt.status), "the page of an error")
		}
	}
	http.DefaultClient.CloseIdleConnections()
	lines := f.lines()
	require.Len(t, lines, len(tests))
	for i, tt := range tests {
		assert.Contains(t, lines[i], tt.logged, tt.path)
		assert.Regexp(t, regexp.QuoteMeta(`"`+tt.method+" "+tt.path+" "), lines[i])
	}
	assert.Len(t, f.app.seen(), 1)
	assert.NotContains(t, f.log.String(), "level=ERROR")
}

// ofStatic is the target of a file below /static/, of a front that serves the directory of path.
func ofStatic(t *testing.T, path string) (*front, string) {
	t.Helper()
	f := startFront(t, &application{}, func(c *config.Proxy) {
		c.Static = []config.Static{config.NewStatic("/static/", filepath.Dir(path))}
	})
	return f, "/static/" + filepath.Base(path)
}

// hole makes a large file that takes no space. The sockets' buffers do not hold it.
func hole(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hole")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 64<<20))
	return path
}

// begun asks for a file, reads the head and one byte of the body, and returns the length announced and the rest: the
// server is in the middle of it.
func begun(t *testing.T, path string) (announced int64, rest io.Reader) {
	t.Helper()
	f, target := ofStatic(t, path)
	conn, err := net.Dial("tcp", f.addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(64<<10))
	_, err = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	_, err = reader.ReadByte()
	require.NoError(t, err)
	return resp.ContentLength, reader
}

func TestAFileThatIsNoLongerItselfCutsTheConnection(t *testing.T) {
	for name, change := range map[string]func(*testing.T, string){
		"shorter": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 1<<10)) },
		"longer":  func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 65<<20)) },
		"written to": func(t *testing.T, path string) {
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = file.WriteAt([]byte("another"), 63<<20)
			require.NoError(t, err)
			require.NoError(t, file.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := hole(t)
			announced, rest := begun(t, path)
			change(t, path)
			n, err := io.Copy(io.Discard, rest)
			require.NoError(t, err, "the connection ends")
			assert.EqualValues(t, 64<<20, announced)
			assert.Less(t, n+1, announced)
		})
	}
}

// A deployment that renames files over others, or deletes them, harms nobody who is being sent one.
func TestAFileThatIsReplacedWhileSentIsTheOldOne(t *testing.T) {
	path := hole(t)
	announced, rest := begun(t, path)
	require.NoError(t, os.WriteFile(path+".new", []byte("new"), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	n, err := io.Copy(io.Discard, rest)
	require.NoError(t, err)
	assert.Equal(t, announced, n+1)
}

func TestRangesAndConditionsThroughTheFront(t *testing.T) {
	text := strings.Repeat("0123456789", 30_000)
	path := filepath.Join(t.TempDir(), "large.bin")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	f, target := ofStatic(t, path)
	ask := func(fields ...string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+f.addr.String()+target, nil)
		require.NoError(t, err)
		for i := 0; i < len(fields); i += 2 {
			req.Header.Set(fields[i], fields[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp, string(body)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)

	whole, body := ask()
	assert.Equal(t, text, body)
	etag := whole.Header.Get("ETag")
	part, body := ask("Range", "bytes=299990-", "If-Range", etag)
	assert.Equal(t, 206, part.StatusCode)
	assert.Equal(t, "0123456789", body)
	assert.Equal(t, "bytes 299990-299999/300000", part.Header.Get("Content-Range"))
	parts, body := ask("Range", "bytes=0-1,100-199999")
	assert.Equal(t, 206, parts.StatusCode)
	assert.Contains(t, parts.Header.Get("Content-Type"), "multipart/byteranges")
	assert.Contains(t, body, text[100:200_000])
	same, body := ask("If-None-Match", etag)
	assert.Equal(t, 304, same.StatusCode)
	assert.Empty(t, body)
	none, body := ask("Range", "bytes=300000-")
	assert.Equal(t, 416, none.StatusCode)
	assert.Equal(t, "bytes */300000", none.Header.Get("Content-Range"))
	assert.Contains(t, body, "416", "the page of an error")
	other, body := ask("If-Match", `"other"`)
	assert.Equal(t, 412, other.StatusCode)
	assert.Contains(t, body, "412")
}

func TestOptionsOfAFileHaveNoLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	f, target := ofStatic(t, path)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, "http://"+f.addr.String()+target, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	assert.Equal(t, 204, resp.StatusCode)
	assert.Equal(t, "GET, HEAD, OPTIONS", resp.Header.Get("Allow"))
	assert.NotContains(t, resp.Header, "Content-Length", "RFC 9110, section 8.6")
}
