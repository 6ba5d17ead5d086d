package main_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// talker answers, fails, streams and talks.
const talker = `
import sys

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise ValueError("asked for")
    if path == "/talks":
        for i in range(50):
            print("talk", i, file=sys.stderr)
    start_response("200 OK", [("X-Shop", "a b")])
    return iter([b"one", b"two", b"three"]) if path == "/streams" else [b"whole"]
`

// TestLogsOfAServer asks one server, which is reloaded to each configuration of its logs.
func TestLogsOfAServer(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "talker.py"), []byte(talker), 0o600))
	socket, err := net.ListenPacket("unixgram", filepath.Join(dir, "syslog"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	file := filepath.Join(dir, "forebay.toml")
	configure := func(lines ...string) {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	configure(`access_log_exclude = ["/whole"]`, `log_rate = 10`)
	s := startForebay(t, "-w", "1", "-c", file, "--chdir", dir, "talker")
	ask := func(path string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		req.SetBasicAuth("bob", "secret")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body) // whoever leaves a stream is not sent the rest of it
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}

	ask("/whole?not=logged")
	ask("/fails?x=%22")
	line := s.Stdout.Await(t, regexp.MustCompile(`^({.*})\n`))[1]
	var entry map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &entry))
	for key, want := range map[string]any{
		"method": "GET", "path": "/fails", "query": "x=%22", "status": 500.0, "source": "server", "reason": "raised", "client": "127.0.0.1",
		"protocol": "HTTP/1.1", "user_agent": "Go-http-client/1.1", "tries": 1.0, "fault": "the application failed: ValueError: asked for",
	} {
		assert.Equal(t, want, entry[key], key)
	}
	for _, key := range []string{"time", "request_id", "duration", "queue", "application", "send", "worker", "thread"} {
		assert.Contains(t, entry, key)
	}
	ask("/talks")
	s.Stderr.Await(t, regexp.MustCompile(`WARN  log lines dropped: there were more in a second than log_rate of="the application" lines=40`))

	configure(`access_log_format = '%(u)s "%(r)s" %(s)s %(b)s $sent_http_x_shop'`, `log_format = "json"`)
	s.Signal(syscall.SIGHUP)
	s.Stderr.Await(t, regexp.MustCompile(`{"time":"[^"]+","level":"INFO","msg":"reloaded","changed":"[a-z_ ]*log_format log_rate access_log_format access_log_exclude",`))
	ask("/streams")
	s.Stdout.Await(t, regexp.MustCompile(`\nbob "GET /streams HTTP/1.1" 200 11 a\\x20b\n`))
	ask("/talks")
	s.Stderr.Await(t, regexp.MustCompile(`"level":"OUTPUT",.*"pid":\d+,"stream":"stderr","line":"talk 49"}`))

	configure(`access_logfile = "syslog:`+socket.LocalAddr().String()+`?tag=shop"`, `access_log_format = "combined"`)
	s.Signal(syscall.SIGHUP)
	s.Stderr.Await(t, regexp.MustCompile(`INFO  reloaded changed="[a-z_ ]*log_format access_logfile access_log_format"`))
	ask("/whole")
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(startDeadline)))
	var message [2000]byte
	n, _, err := socket.ReadFrom(message[:])
	require.NoError(t, err)
	assert.Regexp(t, `^<14>.* shop\[\d+\]: 127\.0\.0\.1 - bob \[.*\] "GET /whole HTTP/1\.1" 200 5 "-" "Go-http-client/1\.1" `, string(message[:n]))
	s.Tracebacks = 1
	s.Stop()
}

// TestAStartThatFailsIsToldInTheFormat: whoever reads objects gets nothing else.
func TestAStartThatFailsIsToldInTheFormat(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.py"), []byte("1/0\n"), 0o600))
	out, err := forebayCommand(t, "--log-format", "json", "--chdir", dir, "-w", "1", "-b", "127.0.0.1:0", "broken").CombinedOutput()
	require.ErrorContains(t, err, "exit status 3")
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines {
		assert.True(t, json.Valid([]byte(line)), line)
	}
	assert.Contains(t, lines[len(lines)-1], `"level":"ERROR","msg":"the application could not be loaded","traceback":"Traceback`)
}
