package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
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

// startRows runs the applications of testdata/pep3333.
func startRows(t *testing.T, args ...string) *server {
	t.Helper()
	return startForebay(t, append([]string{"--chdir", "testdata/pep3333", "-e", "PYTHONDONTWRITEBYTECODE=1"},
		append(args, "application")...)...)
}

// wire is a connection on which a test speaks HTTP itself.
type wire struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dialWire(t *testing.T, network, address string) *wire {
	t.Helper()
	conn, err := net.Dial(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // most tests have closed it already
	require.NoError(t, conn.SetDeadline(time.Now().Add(startDeadline)))
	return &wire{conn, t, bufio.NewReader(conn)}
}

func (s *server) dial(t *testing.T) *wire {
	t.Helper()
	return dialWire(t, "tcp", strings.TrimPrefix(s.URL, "http://"))
}

// wireAnswer is an answer with what was read of its body, and how that ended.
type wireAnswer struct {
	*http.Response
	body string
	err  error
}

// ask sends a request with these field lines and this body, and reads the answer.
func (w *wire) ask(method, target, fields, body string) wireAnswer {
	w.t.Helper()
	w.send(method + " " + target + " HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n" + body)
	return w.next(method)
}

func (w *wire) send(raw string) {
	w.t.Helper()
	_, err := io.WriteString(w, raw)
	require.NoError(w.t, err)
}

func (w *wire) next(method string) wireAnswer {
	w.t.Helper()
	resp, err := http.ReadResponse(w.r, &http.Request{Method: method})
	require.NoError(w.t, err)
	body, err := io.ReadAll(resp.Body)
	return wireAnswer{resp, string(body), err}
}

// get asks for a target; the answer must be whole.
func (w *wire) get(target string) wireAnswer {
	w.t.Helper()
	answer := w.ask("GET", target, "", "")
	require.NoError(w.t, answer.err)
	return answer
}

// environ is what an application sees of a request with these field lines.
func (w *wire) environ(target, fields string) map[string]any {
	w.t.Helper()
	answer := w.ask("GET", target, fields, "")
	require.Equal(w.t, http.StatusOK, answer.StatusCode, answer.body)
	var environ map[string]any
	require.NoError(w.t, json.Unmarshal([]byte(answer.body), &environ))
	return environ
}

// TestPEP3333 is what a server owes to applications that keep the rules. wsgiref.validate stands before each of them.
func TestPEP3333(t *testing.T) {
	s := startRows(t, "-w", "2", "--threads", "2")
	t.Run("write()", func(t *testing.T) {
		assert.Equal(t, "first second third", s.dial(t).get("/written").body)
	})
	t.Run("exc_info before the head replaces it", func(t *testing.T) {
		answer := s.dial(t).get("/replaced")
		assert.Equal(t, "500 Replaced", answer.Status)
		assert.Empty(t, answer.Header.Get("X-First"))
		assert.Equal(t, "2", answer.Header.Get("X-Second"))
		assert.Equal(t, "replaced", answer.body)
	})
	t.Run("start_response at the first next()", func(t *testing.T) {
		answer := s.dial(t).get("/late")
		assert.Equal(t, "202 At The First Next", answer.Status)
		assert.Equal(t, "late", answer.body)
	})
	t.Run("first empty chunk", func(t *testing.T) {
		answer := s.dial(t).get("/empty_first")
		assert.Equal(t, "203 Replaced", answer.Status)
		assert.Equal(t, "content goes on", answer.body)
		for _, path := range []string{"/only_empty", "/nothing"} {
			empty := s.dial(t).get(path)
			assert.Equal(t, "200 OK", empty.Status)
			assert.Empty(t, empty.body)
		}
	})
	t.Run("HEAD, 204 and 304", func(t *testing.T) {
		w := s.dial(t)
		assert.Equal(t, int64(5), w.ask("HEAD", "/sized", "", "").ContentLength)
		assert.Equal(t, 204, w.get("/no_content").StatusCode)
		notModified := w.get("/not_modified")
		assert.Equal(t, 304, notModified.StatusCode)
		assert.Equal(t, `"a"`, notModified.Header.Get("Etag"))
		assert.Equal(t, "hello", w.get("/sized").body, "on the same connection")
	})
	t.Run("latin-1 fields", func(t *testing.T) {
		answer := s.dial(t).ask("GET", "/latin", "X-Latin: \xfc\xff\r\n", "")
		assert.Equal(t, "200 Tr\xe8s bien", answer.Status)
		assert.Equal(t, "caf\xe9", answer.Header.Get("X-Latin"))
		assert.Equal(t, "\xfc\xff", answer.Header.Get("X-Echo"))
	})
	t.Run("duplicate Set-Cookie", func(t *testing.T) {
		assert.Equal(t, []string{"a=1", "a=2; Path=/b", "c=3"}, s.dial(t).get("/cookies").Header.Values("Set-Cookie"))
	})
	t.Run("Cookie lines are joined with ;", func(t *testing.T) {
		assert.Equal(t, "a=1; b=2; c=3", s.dial(t).ask("GET", "/cookies", "Cookie: a=1\r\nX: y\r\ncookie: b=2; c=3\r\n", "").body)
	})
	t.Run("close() of the iterable", func(t *testing.T) {
		assert.Equal(t, "ab", s.dial(t).get("/closed?iterable").body)
		s.Stderr.Await(t, regexp.MustCompile("closed iterable"))
		assert.Equal(t, "ab", s.dial(t).get("/closed_list?list").body)
		s.Stderr.Await(t, regexp.MustCompile("closed list"))
		s.dial(t).ask("HEAD", "/closed?head", "", "")
		s.Stderr.Await(t, regexp.MustCompile("closed head"))
	})
	t.Run("client disconnect", func(t *testing.T) {
		w := s.dial(t)
		w.send("GET /endless?disconnect HTTP/1.1\r\nHost: a\r\n\r\n")
		_, err := io.CopyN(io.Discard, w.r, 1<<20)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		s.Stderr.Await(t, regexp.MustCompile("closed disconnect"))
	})
	t.Run("wsgi.errors", func(t *testing.T) {
		s.dial(t).get("/errors")
		s.Stderr.Await(t, regexp.MustCompile("a line to wsgi.errors"))
		s.Stderr.Await(t, regexp.MustCompile("one and another"))
	})
	t.Run("file_wrapper", func(t *testing.T) {
		want := strings.Repeat("0123456789", 20000)[5:]
		for _, path := range []string{"/real_file", "/bytes_file", "/unwrapped_file", "/unwrapped_bytes", "/real_file?x"} {
			answer := s.dial(t).get(path)
			assert.Equal(t, hexDigest([]byte(want)), hexDigest([]byte(answer.body)), path)
		}
		assert.Equal(t, int64(len(want)), s.dial(t).get("/unwrapped_file").ContentLength, "the size of a real file is known")
		s.Stderr.Await(t, regexp.MustCompile("closed file-like"))
	})
	t.Run("plain call stack", func(t *testing.T) {
		var frames []string
		require.NoError(t, json.Unmarshal([]byte(s.dial(t).get("/stack").body), &frames))
		assert.Less(t, len(frames), 12, frames)
		assert.Contains(t, frames[len(frames)-1], ":stack")
	})
	t.Run("wsgi.input", func(t *testing.T) { testInput(t, s) })
	t.Run("environ", func(t *testing.T) { testEnviron(t, s) })
	t.Run("HTTP/1.0", func(t *testing.T) {
		w := s.dial(t)
		w.send("GET /closed?old HTTP/1.0\r\n\r\n")
		answer := w.next("GET")
		require.NoError(t, answer.err)
		assert.Equal(t, "ab", answer.body)
		assert.Empty(t, answer.TransferEncoding)
		assert.True(t, answer.Close)
	})
	t.Run("pipelining", func(t *testing.T) {
		w := s.dial(t)
		for _, path := range []string{"/sized", "/late", "/written"} {
			w.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
		}
		for _, body := range []string{"hello", "late", "first second third"} {
			answer := w.next("GET")
			require.NoError(t, answer.err)
			assert.Equal(t, body, answer.body)
		}
	})
	t.Run("an unread body", func(t *testing.T) {
		w := s.dial(t)
		for range 3 {
			body := strings.Repeat("x", 200_000)
			w.ask("POST", "/read_nothing", fmt.Sprintf("Content-Length: %d\r\n", len(body)), body)
		}
		assert.Equal(t, "hello", w.get("/sized").body)
	})
	s.Stop()
	for _, word := range []string{"AssertionError", "WSGIWarning", "wsgiref", "garbage collected"} {
		assert.NotContains(t, s.Stderr.String(), word, "wsgiref.validate is not silent")
	}
}

// testInput reads small and large bodies in every way, sent by length and in chunks.
func testInput(t *testing.T, s *server) {
	bodies := map[string][]byte{
		"small":         []byte("first line\nsecond\n\nno end"),
		"1 MiB":         bytes.Repeat([]byte("a line of 32 bytes, with its end\n")[1:], 1<<15),
		"without lines": bytes.Repeat([]byte{'x'}, 300_000),
		"binary":        bytes.Repeat([]byte{0, '\r', '\n', 0xff, 0x1a}, 40_000),
	}
	for name, body := range bodies {
		for _, way := range []string{
			"all", "by_length", "pieces", "lines", "short_lines", "by_iteration", "list_of_lines", "mixed",
		} {
			if way == "mixed" && name == "without lines" {
				continue // it asks for a second line
			}
			t.Run(name+" "+way, func(t *testing.T) {
				w := s.dial(t)
				byLength := w.ask("POST", "/read_"+way, fmt.Sprintf("Content-Length: %d\r\n", len(body)), string(body))
				assertRead(t, body, byLength)
				chunked := w.ask("POST", "/read_"+way, "Transfer-Encoding: chunked\r\n",
					fmt.Sprintf("1\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", body[:1], len(body)-1, body[1:]))
				assertRead(t, body, chunked)
			})
		}
	}
}

func assertRead(t *testing.T, body []byte, answer wireAnswer) {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.body)
	var told struct {
		Pieces, Size int
		SHA256       string
		Length       string
		Terminated   bool
	}
	require.NoError(t, json.Unmarshal([]byte(answer.body), &told))
	assert.Equal(t, len(body), told.Size)
	assert.Equal(t, hexDigest(body), told.SHA256)
	assert.Equal(t, fmt.Sprint(len(body)), told.Length, "CONTENT_LENGTH")
	assert.True(t, told.Terminated, "wsgi.input_terminated")
}

func testEnviron(t *testing.T, s *server) {
	t.Run("PATH_INFO is decoded, the raw target kept", func(t *testing.T) {
		environ := s.dial(t).environ("/show/%C3%A9%2F%25a+b?q=%20+", "")
		assert.Equal(t, "/show/\u00c3\u00a9/%a+b", environ["PATH_INFO"])
		assert.Equal(t, "q=%20+", environ["QUERY_STRING"])
		assert.Equal(t, "/show/%C3%A9%2F%25a+b?q=%20+", environ["RAW_URI"])
		assert.Equal(t, environ["RAW_URI"], environ["REQUEST_URI"])
	})
	t.Run("absolute-form", func(t *testing.T) {
		environ := s.dial(t).environ("http://b.example:81/show?x", "")
		assert.Equal(t, "/show", environ["PATH_INFO"])
		assert.Equal(t, "b.example:81", environ["HTTP_HOST"])
	})
	t.Run("fields are joined, and some dropped", func(t *testing.T) {
		environ := s.dial(t).environ("/show", "Accept: a\r\naccept: b\r\nX_Accept: evil\r\nAccept_Language: evil\r\nProxy: evil\r\n")
		assert.Equal(t, "a, b", environ["HTTP_ACCEPT"])
		assert.NotContains(t, environ, "HTTP_PROXY")
		for key, value := range environ {
			assert.NotEqual(t, "evil", value, key)
		}
	})
	t.Run("Content-Type and Content-Length have keys of their own", func(t *testing.T) {
		environ := s.dial(t).environ("/show", "Content-Type: a/b\r\nContent-Length: 0\r\n")
		assert.Equal(t, "a/b", environ["CONTENT_TYPE"])
		assert.Equal(t, "0", environ["CONTENT_LENGTH"])
		assert.NotContains(t, environ, "HTTP_CONTENT_TYPE")
		assert.NotContains(t, environ, "HTTP_CONTENT_LENGTH")
	})
	t.Run("SCRIPT_NAME is not a client's to set", func(t *testing.T) {
		assert.Empty(t, s.dial(t).environ("/show", "SCRIPT_NAME: /evil\r\nScript-Name: /evil\r\n")["SCRIPT_NAME"])
	})
	t.Run("REMOTE_ADDR and REMOTE_PORT are real", func(t *testing.T) {
		w := s.dial(t)
		host, port, err := net.SplitHostPort(w.LocalAddr().String())
		require.NoError(t, err)
		environ := w.environ("/show", "X-Forwarded-For: 192.0.2.1\r\n")
		assert.Equal(t, host, environ["REMOTE_ADDR"])
		assert.Equal(t, port, environ["REMOTE_PORT"])
		assert.NotContains(t, environ, "HTTP_X_FORWARDED_FOR")
	})
	t.Run("no os.environ", func(t *testing.T) {
		environ := s.dial(t).environ("/show", "")
		assert.Empty(t, environ["os.environ"])
		assert.NotContains(t, environ, "PATH")
		assert.NotContains(t, environ, markKey)
	})
	t.Run("what each request has", func(t *testing.T) {
		environ := s.dial(t).environ("/show", "")
		assert.Equal(t, "GET", environ["REQUEST_METHOD"])
		assert.Equal(t, "HTTP/1.1", environ["SERVER_PROTOCOL"])
		assert.Equal(t, "http", environ["wsgi.url_scheme"])
		assert.Equal(t, []any{1.0, 0.0}, environ["wsgi.version"])
		assert.Equal(t, false, environ["wsgi.run_once"])
		assert.Equal(t, s.URL, fmt.Sprintf("http://%s:%s", environ["SERVER_NAME"], environ["SERVER_PORT"]))
	})
}

// TestPEP3333Faults is what becomes of applications that break the rules, or fail.
func TestPEP3333Faults(t *testing.T) {
	s := startRows(t, "-w", "1", "--threads", "2")
	for _, name := range []string{
		"raises", "raises_after_start", "fails_at_once", "exits", "never_started", "started_twice", "text_chunk",
		"text_chunk_in_stream", "field_with_line_end", "field_beyond_latin", "field_of_bytes", "status_with_line_end",
	} {
		t.Run(name, func(t *testing.T) {
			w := s.dial(t)
			answer := w.get("/" + name + "?" + name)
			assert.Equal(t, http.StatusInternalServerError, answer.StatusCode)
			assert.NotContains(t, answer.body, "secret")
			assert.NotContains(t, answer.body, "pep3333")
			for _, field := range []string{"X-A", "X-First", "Set-Cookie"} {
				assert.Empty(t, answer.Header.Get(field))
			}
			assert.Equal(t, "hello", w.get("/sized").body, "the connection goes on")
		})
	}
	cut := map[string]string{"exc_info_after": "begun", "fails_midway": "begun", "short": "hello", "short_stream": "hello"}
	for name, body := range cut {
		t.Run(name+" cuts the connection", func(t *testing.T) {
			w := s.dial(t)
			answer := w.ask("GET", "/"+name+"?"+name, "", "")
			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.Equal(t, body, answer.body)
			require.ErrorIs(t, answer.err, io.ErrUnexpectedEOF)
		})
	}
	t.Run("a failure of HTTP/1.0 is no regular end", func(t *testing.T) {
		w := s.dial(t)
		w.send("GET /fails_midway?old HTTP/1.0\r\n\r\n")
		require.ErrorIs(t, w.next("GET").err, syscall.ECONNRESET)
	})
	for name, want := range map[string]string{"long": "hell", "long_stream": "hell", "no_content_with_body": "", "not_modified_with_body": "", "hop_by_hop": "x"} {
		t.Run(name, func(t *testing.T) {
			w := s.dial(t)
			answer := w.get("/" + name)
			assert.Equal(t, want, answer.body)
			assert.False(t, answer.Close)
			assert.Empty(t, answer.Header.Values("Keep-Alive"))
			assert.Empty(t, answer.TransferEncoding)
			assert.Equal(t, "hello", w.get("/sized").body, "the connection goes on")
		})
	}
	t.Run("HEAD with a body", func(t *testing.T) {
		w := s.dial(t)
		assert.Equal(t, int64(5), w.ask("HEAD", "/head_with_body", "", "").ContentLength)
		assert.Equal(t, "hello", w.get("/sized").body)
	})
	for _, name := range []string{"fails_midway", "fails_at_once"} {
		s.Stderr.Await(t, regexp.MustCompile("closed "+name))
	}
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.Empty(t, s.Processes())
	assert.Contains(t, s.Stderr.String(), "secret reason")
}

// TestPEP3333Multi: what the environ says of processes and threads is true.
func TestPEP3333Multi(t *testing.T) {
	for _, c := range []struct{ workers, threads string }{{"1", "1"}, {"2", "1"}, {"1", "2"}, {"2", "2"}} {
		t.Run(c.workers+"x"+c.threads, func(t *testing.T) {
			s := startRows(t, "-w", c.workers, "--threads", c.threads)
			environ := s.dial(t).environ("/show", "")
			assert.Equal(t, c.workers == "2", environ["wsgi.multiprocess"])
			assert.Equal(t, c.threads == "2", environ["wsgi.multithread"])
			s.Stop()
		})
	}
}

// TestPEP3333Mount: SCRIPT_NAME comes from the configuration, and PATH_INFO is what follows it.
func TestPEP3333Mount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "forebay.toml")
	require.NoError(t, os.WriteFile(file, []byte(`script_name = "/shop"`), 0o600))
	s := startRows(t, "-w", "1", "--threads", "1", "-c", file, "-e", "SCRIPT_NAME=/evil")
	w := s.dial(t)
	environ := w.environ("/shop/show/%20", "SCRIPT_NAME: /evil\r\n")
	assert.Equal(t, "/shop", environ["SCRIPT_NAME"])
	assert.Equal(t, "/show/ ", environ["PATH_INFO"])
	assert.Equal(t, "/shop/show/%20", environ["REQUEST_URI"])
	assert.Equal(t, http.StatusNotFound, w.get("/show").StatusCode)
	s.Stop()
}

// TestPEP3333Unix: over a unix socket the client's address is what its proxy says, if that one is trusted.
func TestPEP3333Unix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := startRows(t, "-w", "1", "--threads", "1", "-b", "unix:"+path, "--forwarded-allow-ips", "unix")
	environ := dialWire(t, "unix", path).environ("/show", "")
	assert.Empty(t, environ["REMOTE_ADDR"])
	assert.Equal(t, "a.example", environ["SERVER_NAME"])
	assert.Equal(t, "80", environ["SERVER_PORT"])
	environ = dialWire(t, "unix", path).environ("/show", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n")
	assert.Equal(t, "192.0.2.1", environ["REMOTE_ADDR"])
	assert.Equal(t, "https", environ["wsgi.url_scheme"])
	s.Stop()
}
