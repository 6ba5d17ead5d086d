package proxy

import (
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

	"forebay/config"
	"forebay/python"
)

func TestAPathHasItsOwnLimits(t *testing.T) {
	app := &application{}
	large := int64(500)
	cfg := config.Default().Proxy
	cfg.Bind, cfg.BodySize, cfg.TempDir = []string{"127.0.0.1:0"}, 100, t.TempDir()
	f := startSettings(t, app, Settings{Proxy: cfg, Paths: []config.Path{{Prefix: "/other"}, {Prefix: "/upload", BodySize: &large}}})
	body := strings.Repeat("x", 300)
	upload := func(path string) int {
		return f.dial().ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body).StatusCode
	}
	for path, want := range map[string]int{
		"/upload": 200, "/upload/a": 200, "/%75pload/a": 200, "/uploads": 413, "/other/upload": 413, "/": 413,
	} {
		assert.Equal(t, want, upload(path), path)
	}
	for _, seen := range app.seen() {
		assert.Equal(t, 1, seen.path)
	}
}

// reconfigure does what a reload does.
func (f *front) reconfigure(s Settings) []net.Addr {
	f.t.Helper()
	change, err := f.proxy.Prepare(f.t.Context(), s)
	require.NoError(f.t, err)
	return change.Apply()
}

func TestChange(t *testing.T) {
	app := &application{}
	f := startFront(t, app)
	idle := f.dial()
	idle.open()
	cfg := config.Default().Proxy
	cfg.Bind, cfg.BodySize, cfg.TempDir = []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")}, 10, t.TempDir()
	f.reconfigure(Settings{Proxy: cfg, Mount: "/m"})

	assert.Equal(t, 413, idle.ask("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901").StatusCode, "an open connection")
	fresh := f.dial() // the socket that stays is the same
	assert.Equal(t, 404, fresh.ask(get).StatusCode)
	c, err := net.Dial("unix", cfg.Bind[1][len("unix:"):])
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_, err = c.Write([]byte("GET /m/ HTTP/1.0\r\n\r\n"))
	require.NoError(t, err)
	b := make([]byte, 12)
	_, err = c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 200", string(b))

	cfg.Bind = []string{cfg.Bind[1]}
	f.reconfigure(Settings{Proxy: cfg})
	f.refused(t)
	assert.Equal(t, 200, fresh.ask(get).StatusCode, "what was accepted goes on")
}

func TestChangeThatCannotBe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	free := "unix:" + filepath.Join(t.TempDir(), "s")
	bad := map[string]func(*config.Proxy){
		"a socket in use": func(cfg *config.Proxy) { cfg.Bind = []string{free, taken.Addr().String()} },
		"no such network": func(cfg *config.Proxy) { cfg.ForwardedAllowIPs = []string{"x"} },
		"no such relay":   func(cfg *config.Proxy) { cfg.ProxyProtocolFrom = []string{"x"} },
		"no directory":    func(cfg *config.Proxy) { cfg.XSendfile = []string{"/does/not/exist"} },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{})
			cfg := config.Default().Proxy
			cfg.Bind, cfg.BodySize = []string{"127.0.0.1:0"}, 1
			change(&cfg)
			_, err := f.proxy.Prepare(t.Context(), Settings{Proxy: cfg})
			require.Error(t, err)
			assert.Equal(t, 200, f.dial().ask(withLength("more than a byte")).StatusCode)
			assert.NoFileExists(t, free[len("unix:"):])
		})
	}
}

// TestDroppedChange leaves everything as it was, and the addresses free.
func TestDroppedChange(t *testing.T) {
	f := startFront(t, &application{})
	cfg := config.Default().Proxy
	socket := filepath.Join(t.TempDir(), "s")
	cfg.Bind, cfg.BodySize, cfg.TempDir = []string{"unix:" + socket}, 1, t.TempDir()
	change, err := f.proxy.Prepare(t.Context(), Settings{Proxy: cfg})
	require.NoError(t, err)
	assert.FileExists(t, socket)
	change.Drop()
	assert.NoFileExists(t, socket)
	assert.Equal(t, 200, f.dial().ask(withLength("more than a byte")).StatusCode)
}

// TestChangeThatComesTooLate: a stop may come between the two steps of a reload.
func TestChangeThatComesTooLate(t *testing.T) {
	f := startFront(t, &application{})
	cfg := config.Default().Proxy
	socket := filepath.Join(t.TempDir(), "s")
	cfg.Bind, cfg.TempDir = []string{"unix:" + socket}, t.TempDir()
	change, err := f.proxy.Prepare(t.Context(), Settings{Proxy: cfg})
	require.NoError(t, err)
	f.stop()
	f.refused(t)
	assert.Empty(t, change.Apply())
	assert.NoFileExists(t, socket)
}

// TestBodiesShareTheirMemory: what does not fit goes to files, and comes back as it is freed.
func TestBodiesShareTheirMemory(t *testing.T) {
	entered, leave := make(chan call), make(chan struct{})
	app := &application{answer: func(seen call) (*python.Response, error) {
		entered <- seen
		<-leave
		return whole("200 OK", ""), nil
	}}
	f := startFront(t, app, func(cfg *config.Proxy) { cfg.SpoolMemory = 150 << 10 })
	body := strings.Repeat("0123456789", 10<<10) // 100 KiB, below body_memory
	files := 0
	for range 3 {
		f.dial().send(withLength(body))
		seen := <-entered
		assert.Len(t, seen.body, len(body))
		if seen.file {
			files++
		}
	}
	assert.Equal(t, 2, files)
	close(leave)
	require.Eventually(t, func() bool { return f.proxy.budget.Used() == 0 }, patience, time.Millisecond)
}

func TestFilesThatTheApplicationNames(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("0123456789", 20<<10)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte(content), 0o600))
	cases := map[string]struct {
		fields []string
		ask    string
		status int
		body   string
		length string
	}{
		"X-Sendfile":                    {[]string{"X-Sendfile", dir + "/a.txt"}, "", 200, content, itoa(len(content))},
		"X-Accel-Redirect":              {[]string{"X-Accel-Redirect", "/internal/a.txt"}, "", 200, content, itoa(len(content))},
		"a part of it":                  {[]string{"X-Sendfile", dir + "/a.txt"}, "Range: bytes=10-14\r\n", 206, "01234", "5"},
		"a part behind its end":         {[]string{"X-Sendfile", dir + "/a.txt"}, "Range: bytes=999999-\r\n", 416, "", ""},
		"its own length does not count": {[]string{"X-Sendfile", dir + "/a.txt", "Content-Length", "0"}, "", 200, content, itoa(len(content))},
		"outside":                       {[]string{"X-Sendfile", "/etc/passwd"}, "", 500, "", ""},
		"outside by dots":               {[]string{"X-Accel-Redirect", "/internal/../../etc/passwd"}, "", 500, "", ""},
		"none":                          {[]string{"X-Sendfile", dir + "/b.txt"}, "", 404, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(func() *python.Response { return whole("200 OK", "", c.fields...) }), func(cfg *config.Proxy) {
				cfg.XSendfile, cfg.XAccelRedirect = []string{dir}, []config.Internal{{Prefix: "/internal/", Dir: dir}}
			})
			client := f.dial()
			answer := client.ask("GET / HTTP/1.1\r\nHost: a\r\n" + c.ask + "\r\n")
			require.Equal(t, c.status, answer.StatusCode)
			for _, name := range []string{"X-Sendfile", "X-Accel-Redirect"} {
				assert.Empty(t, answer.Header.Get(name))
			}
			assert.NotContains(t, answer.body, dir)
			if c.status < 300 {
				assert.Equal(t, hash(c.body), hash(answer.body))
				assert.Equal(t, c.length, answer.Header.Get("Content-Length"))
			} else {
				assert.Contains(t, answer.body, strconv.Itoa(c.status))
			}
			assert.Equal(t, c.status, client.ask("GET / HTTP/1.1\r\nHost: a\r\n"+c.ask+"\r\n").StatusCode, "the connection goes on")
		})
	}
	t.Run("off", func(t *testing.T) {
		f := startFront(t, answering(func() *python.Response { return whole("200 OK", "x", "X-Sendfile", dir+"/a.txt") }))
		answer := f.dial().ask(get)
		assert.Equal(t, "x", answer.body)
		assert.NotEmpty(t, answer.Header.Get("X-Sendfile"))
	})
}

// TestFilesOfTheApplicationHaveParts: wsgi.file_wrapper over a real file, with the application's own validators.
func TestFilesOfTheApplicationHaveParts(t *testing.T) {
	f := startFront(t, answering(func() *python.Response { return filed(t, "<<0123456789>>", 2, 10, "ETag", `"v1"`) }))
	cases := map[string]struct {
		fields string
		status int
		body   string
	}{
		"all":          {"", 200, "0123456789"},
		"a part":       {"Range: bytes=2-3\r\n", 206, "23"},
		"the end":      {"Range: bytes=-2\r\n", 206, "89"},
		"another one":  {"Range: bytes=2-3\r\nIf-Range: \"v2\"\r\n", 200, "0123456789"},
		"the same":     {"If-None-Match: \"v1\"\r\n", 304, ""},
		"not this one": {"If-Match: \"v2\"\r\n", 412, ""},
	}
	c := f.dial()
	for name, tt := range cases {
		answer := c.ask("GET / HTTP/1.1\r\nHost: a\r\n" + tt.fields + "\r\n")
		require.Equal(t, tt.status, answer.StatusCode, name)
		if tt.status < 400 {
			assert.Equal(t, tt.body, answer.body, name)
		}
	}
	several := c.ask("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,8-9\r\n\r\n")
	assert.Equal(t, http.StatusPartialContent, several.StatusCode)
	assert.Contains(t, several.Header.Get("Content-Type"), "multipart/byteranges")
	assert.Equal(t, 2, strings.Count(several.body, "Content-Range: bytes "))
}
