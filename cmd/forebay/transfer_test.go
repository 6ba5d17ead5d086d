package main_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// transfers starts forebay with one process of two threads in front of the application of that name.
func transfers(t *testing.T, args ...string) *server {
	t.Helper()
	apps, err := filepath.Abs("../../python/testdata/apps")
	require.NoError(t, err)
	return startForebay(t, append([]string{"-w", "1", "--threads", "2", "--chdir", apps, "--temp-dir", t.TempDir(), "transfers"}, args...)...)
}

// connect opens a connection and sends raw bytes on it.
func (s *server) connect(raw string) net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() }) // most tests have closed it already
	_, err = io.WriteString(c, raw)
	require.NoError(s.t, err)
	return c
}

// pattern is a body that is never whole in memory.
type pattern struct{ left int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.left))
	for i := range b[:n] {
		b[i] = byte((p.left - int64(i)) % 251)
	}
	p.left -= int64(n)
	return n, nil
}

// peak is the most memory that a process has used, in KiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	require.True(t, found)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return n
}

// TestLargeUploads: a body of a few hundred MiB arrives whole, and is never in memory. TEST_FOREBAY_UPLOAD is another size
// in MiB.
func TestLargeUploads(t *testing.T) {
	mebibytes := int64(200)
	if text := os.Getenv("TEST_FOREBAY_UPLOAD"); text != "" {
		var err error
		mebibytes, err = strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
	}
	size := mebibytes << 20
	digest := sha256.New()
	_, err := io.Copy(digest, &pattern{size})
	require.NoError(t, err)
	s := transfers(t, "--body-size", "0")
	idle, err := strconv.Atoi(strings.Fields(post(t, s.URL+"/take", 0, -1))[2])
	require.NoError(t, err)
	for name, length := range map[string]int64{"by Content-Length": size, "chunked": -1} {
		answer := strings.Fields(post(t, s.URL+"/take", size, length))
		assert.Equal(t, fmt.Sprintf("%x", digest.Sum(nil)), answer[0], name)
		assert.Equal(t, strconv.FormatInt(size, 10), answer[1], name)
		worker, err := strconv.Atoi(answer[2])
		require.NoError(t, err)
		assert.Less(t, worker-idle, 64<<10, "KiB more in the worker, %s", name)
	}
	if !raceDetector() { // which takes several times the memory
		assert.Less(t, peak(t, s.PID), 64<<10, "KiB in the master")
	}
}

func post(t *testing.T, url string, size, length int64) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &pattern{size})
	require.NoError(t, err)
	req.ContentLength = length
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// TestASlowReaderHoldsNoThread: as many of them as there are threads ask for a large response and read nothing of it.
func TestASlowReaderHoldsNoThread(t *testing.T) {
	s := transfers(t)
	var slow []net.Conn
	for range 4 {
		slow = append(slow, s.connect("GET /give?30 HTTP/1.1\r\nHost: a\r\n\r\n"))
	}
	for range 10 {
		assert.Equal(t, "fine", body(t, s.URL+"/"))
	}
	resp, err := http.ReadResponse(bufio.NewReader(slow[3]), nil)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	assert.Equal(t, int64(30<<20), n)
}

// TestLargeAnswersArriveWhole, whatever their size, in which pipes, sockets and our buffers have no place of their own: to
// clients that read and to such as are slow, and with another answer behind each.
func TestLargeAnswersArriveWhole(t *testing.T) {
	s := transfers(t)
	const mebibyte = 1 << 20
	for _, path := range []string{"/whole", "/pieces", "/unknown"} {
		for _, size := range []int{65537, 70_000, 80 << 10, 100_000, mebibyte - 200, mebibyte, mebibyte + 1, 5*mebibyte + 7} {
			var want strings.Builder
			for i := 0; want.Len() < size; i++ {
				_, _ = fmt.Fprintf(&want, "%07d\n", i) // to memory
			}
			request := fmt.Sprintf("GET %s?%d HTTP/1.1\r\nHost: a\r\n\r\n", path, size)
			slow := s.connect(request + request)
			for range 3 {
				assert.True(t, want.String()[:size] == body(t, s.URL+path+"?"+strconv.Itoa(size)), "%s, %d bytes", path, size)
			}
			reader := bufio.NewReader(slow)
			for range 2 {
				resp, err := http.ReadResponse(reader, nil)
				require.NoError(t, err)
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				assert.True(t, want.String()[:size] == string(got), "%s, %d bytes, late", path, size)
			}
		}
	}
}

func body(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

// TestHalfOpenClientsDelayNobody: gunicorn with as many threads would wait for each of them.
func TestHalfOpenClientsDelayNobody(t *testing.T) {
	s := transfers(t)
	for _, half := range []string{
		"", "GET / HTTP/1.1\r\nHost: a\r\n", "POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
		"POST /take HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
	} {
		s.connect(half)
	}
	begun := time.Now()
	for range 20 {
		assert.Equal(t, "fine", body(t, s.URL+"/"))
	}
	assert.Less(t, time.Since(begun), 5*time.Second, "the first of the deadlines is further away")
}

// TestAClientThatLeavesAQuietStream: the application is told, although it sends nothing by which the server would notice.
func TestAClientThatLeavesAQuietStream(t *testing.T) {
	s := transfers(t)
	c := s.connect("GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	first := make([]byte, len("first\n"))
	_, err = io.ReadFull(resp.Body, first)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.Equal(t, "yes", body(t, s.URL+"/left"))
}
