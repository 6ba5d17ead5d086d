package proxy

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// startNginx serves a directory at /static/ from a unix socket until the end of the test.
func startNginx(t *testing.T, dir string) (network, address string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	home := t.TempDir()
	socket := filepath.Join(home, "s")
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the directories of tests are closed to others
	}
	conf := fmt.Sprintf(`%s daemon off; master_process off; pid %[2]s/pid; error_log %[2]s/error.log;
events {}
http {
	access_log off; client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi; default_type application/octet-stream;
	server { listen unix:%[3]s; location /static/ { alias %[4]s/; } }
}`, user, home, socket, dir)
	require.NoError(t, os.WriteFile(filepath.Join(home, "conf"), []byte(conf), 0o600))
	cmd := exec.CommandContext(t.Context(), program, "-c", filepath.Join(home, "conf"), "-p", home)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the context may have done it
		_ = cmd.Wait()         // it was killed
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close() // it listens
		}
		return err == nil
	}, patience, 5*time.Millisecond)
	return "unix", socket
}

// told is what is compared of an answer. The bodies of errors, and of several parts, differ by their nature.
type told struct {
	status int
	part   string
	body   string // its length and its hash
}

func (t told) String() string { return fmt.Sprintf("%d %s %s", t.status, t.part, t.body) }

// askStatic asks for /static/f with field lines, and tells the entity-tag too.
func askStatic(t *testing.T, network, address, method string, lines ...string) (told, string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	require.NoError(t, err)
	c := &client{Conn: conn, t: t, r: bufio.NewReader(conn)}
	t.Cleanup(func() { _ = conn.Close() }) // it is closed by the server
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	c.send(method + " /static/f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + strings.Join(append(lines, "\r\n"), "\r\n"))
	got := c.next(method)
	require.NoError(t, got.err)
	answer := told{got.StatusCode, got.Header.Get("Content-Range"), fmt.Sprintf("%d bytes %08x", len(got.body), crc32.ChecksumIEEE([]byte(got.body)))}
	switch {
	case strings.HasPrefix(got.Header.Get("Content-Type"), "multipart/"):
		answer.part, answer.body = "several", ""
	case got.StatusCode >= http.StatusBadRequest:
		answer.body = ""
	}
	return answer, got.Header.Get("ETag")
}

// The requests that nginx and forebay are asked with the same file; TAG stands for the server's own.
const (
	fileDate    = "Sun, 01 Mar 2026 12:00:00 GMT"
	earlierDate = "Sun, 01 Mar 2026 11:00:00 GMT"
	laterDate   = "Sun, 01 Mar 2026 13:00:00 GMT"
)

var conditionalRequests = [][]string{
	{}, {"Range: bytes=0-9"}, {"Range: bytes=-5"}, {"Range: bytes=990-2000"}, {"Range: bytes=1000-"}, {"Range: bytes=0-0,5-9"},
	{"Range: bytes=5-2"}, {"Range: bytes=x"}, {"Range: items=0-1"}, {"Range: bytes=-0"}, {"Range: bytes=0-,0-"}, {"Range: bytes=0-1,2000-"},
	{"If-None-Match: TAG"}, {"If-None-Match: W/TAG"}, {`If-None-Match: "x", TAG`}, {"If-None-Match: *"}, {`If-None-Match: "x"`},
	{`If-None-Match: "x"`, "If-Modified-Since: " + fileDate}, {"If-Modified-Since: " + fileDate}, {"If-Modified-Since: " + earlierDate},
	{"If-Modified-Since: " + laterDate}, {"If-Modified-Since: x"},
	{"If-Match: TAG"}, {`If-Match: "x"`}, {"If-Match: W/TAG"}, {"If-Match: *"}, {"If-Unmodified-Since: " + fileDate},
	{"If-Unmodified-Since: " + earlierDate}, {"If-Unmodified-Since: " + laterDate}, {"If-Match: TAG", "If-Unmodified-Since: " + earlierDate},
	{"Range: bytes=0-9", "If-Range: TAG"}, {"Range: bytes=0-9", `If-Range: "x"`}, {"Range: bytes=0-9", "If-Range: W/TAG"},
	{"Range: bytes=0-9", "If-Range: " + fileDate}, {"Range: bytes=0-9", "If-Range: " + earlierDate},
	{"Range: bytes=0-9", "If-Range: " + laterDate}, {"Range: bytes=0-9", "If-None-Match: TAG"}, {"Range: bytes=2000-", `If-None-Match: "x"`},
	{"Range: bytes=0-99999999999999999999"}, {"Range: bytes=99999999999999999999-"}, {"Range: bytes=0-5,3-8"}, {"Range: bytes=0-1,,3-4"},
	{"Range: bytes=-99999999999999999999"}, {"Range: bytes=400000-"}, {"Range: bytes=400000-,400000-"}, {"Range: bytes=-1,0-0,500-"}, {"Range: BYTES=0-1"},
	{`If-None-Match: "x"`, "If-None-Match: TAG"}, {`If-None-Match: ,"x" , TAG,`}, {"If-None-Match: x"}, {`If-Match: "x"`, "If-Match: TAG"},
	{"If-Match: *", "If-None-Match: TAG"}, {"If-Match: TAG", "Range: bytes=0-1"}, {"If-Unmodified-Since: x"}, {"If-None-Match: *", "Range: bytes=400000-"},
	{"If-Modified-Since: Sunday, 01-Mar-26 12:00:00 GMT"}, {"If-Modified-Since: Sun Mar  1 12:00:00 2026"},
}

// differences are the requests that forebay answers in another way, with what RFC 9110 says.
var differences = map[string]string{
	"Range: bytes=5-2":                                   "section 14.2: a Range that is not valid may be ignored; nginx answers 416",
	"Range: bytes=x":                                     "section 14.2: as above",
	"Range: bytes=0-99999999999999999999":                "section 14.1.2: a last position behind the end is that of the end; nginx answers 416",
	"Range: bytes=-99999999999999999999":                 "section 14.1.2: a suffix longer than the file is all of it; nginx answers 416",
	"Range: bytes=0-1,,3-4":                              "section 5.6.1: an element of a list may be empty; nginx answers 416",
	`If-None-Match: "x", If-None-Match: TAG`:             "section 5.3: a list may be in several fields; nginx answers 400",
	`If-Match: "x", If-Match: TAG`:                       "section 5.3: as above",
	"If-Unmodified-Since: x":                             "section 13.1.4: what is no date is ignored; nginx answers 412",
	"If-Modified-Since: " + laterDate:                    "section 13.1.3: 304 if it was not modified after the date; nginx wants the very date",
	"If-Match: TAG, If-Unmodified-Since: " + earlierDate: "section 13.2.2: If-Unmodified-Since counts only without If-Match; nginx asks both",
}

// headDifference is that of HEAD: a Range is about GET.
const headDifference = "section 14.2: a Range of another method than GET is ignored; nginx answers 206 or 416"

// TestConditionsAreAnsweredAsByNginx, but for differences that the RFC explains: for a file that is copied, one that is sent
// from pages in memory, and one that is sent from where it lies.
func TestConditionsAreAnsweredAsByNginx(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "in pages": 20_000, "large": 300_000} {
		t.Run(name, func(t *testing.T) { compareWithNginx(t, size) })
	}
}

func compareWithNginx(t *testing.T, size int) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("0123456789", size/10)), 0o600))
	date, err := http.ParseTime(fileDate)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, date, date))
	network, address := startNginx(t, dir)
	f := startFront(t, &application{}, func(c *config.Proxy) { c.Static = []config.Static{config.NewStatic("/static/", dir)} })
	_, theirTag := askStatic(t, network, address, "GET")
	_, ourTag := askStatic(t, "tcp", f.addr.String(), "GET")
	for _, method := range []string{"GET", "HEAD"} {
		for _, lines := range conditionalRequests {
			request := strings.Join(lines, ", ")
			theirs, _ := askStatic(t, network, address, method, strings.Split(strings.ReplaceAll(strings.Join(lines, "\n"), "TAG", theirTag), "\n")...)
			ours, _ := askStatic(t, "tcp", f.addr.String(), method, strings.Split(strings.ReplaceAll(strings.Join(lines, "\n"), "TAG", ourTag), "\n")...)
			why := differences[request]
			if method == "HEAD" && strings.Contains(request, "Range: ") && (theirs.status == 206 || theirs.status == 416) {
				why = headDifference
			}
			if why == "" {
				assert.Equal(t, theirs, ours, "%s %s", method, request)
			} else {
				assert.NotEqual(t, theirs, ours, "%s %s: there is nothing left to explain", method, request)
				t.Logf("%s %s: nginx %v, forebay %v: %s", method, request, theirs, ours, why)
			}
		}
	}
}
