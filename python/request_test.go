package python

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

type stays struct{}

func (stays) Gone() bool { return false }

// post is a request in which everything is longer than in get.
func post() *Meta {
	m := get()
	m.Method, m.Target, m.Path = []byte("POST"), []byte("/a/long/target?q"), []byte("/a/long/target")
	m.RequestID, m.HasLength = []byte("0f3a-secret"), true
	m.Fields = lines("Authorization: Basic c2VjcmV0", "Content-Type: text/plain")
	return m
}

// readRequest takes a REQUEST apart: its flags, the environ, and the body, which is nil where it is None.
func readRequest(t *testing.T, frame []byte) (flags Flags, environ map[string]string, body []byte) {
	t.Helper()
	head, err := ParseHead(frame)
	require.NoError(t, err)
	require.Equal(t, KindRequest, head.Kind)
	require.Len(t, frame, HeadSize+head.Length)
	r := &reader{bytes.Clone(frame[HeadSize:])} // reading latin-1 changes it
	require.NoError(t, r.tupleOf(2))
	environ = readEnviron(t, r)
	if r.b[0] == codeNone {
		r.b = r.b[1:]
	} else {
		body, err = r.bytes()
		require.NoError(t, err)
	}
	require.NoError(t, r.end())
	return head.Flags, environ, body
}

func TestRequestWithoutABody(t *testing.T) {
	req := NewRequest(get(), Body{}, stays{})
	defer req.Release()
	flags, environ, body := readRequest(t, req.Frame())
	assert.Zero(t, flags)
	assert.Equal(t, getEnviron(), environ)
	assert.Equal(t, []byte{}, body, "wsgi.input is made of bytes, not of None")
	assert.Equal(t, "GET", req.Method)
	assert.Equal(t, "/a?b", string(req.Target))
	assert.Equal(t, "0f3a", string(req.ID))
	assert.Equal(t, stays{}, req.Client)
	assert.Nil(t, req.File)
}

func TestRequestWithABodyInMemory(t *testing.T) {
	req := NewRequest(post(), Body{Memory: []byte("\x00body\xff"), Size: 6}, nil)
	defer req.Release()
	flags, environ, body := readRequest(t, req.Frame())
	assert.Zero(t, flags)
	assert.Equal(t, "6", environ["CONTENT_LENGTH"])
	assert.Equal(t, "\x00body\xff", string(body))
}

func TestRequestWithABodyInAFile(t *testing.T) {
	file := openFile(t)
	req := NewRequest(post(), Body{File: file, Size: 5_000_000_000}, nil)
	flags, environ, body := readRequest(t, req.Frame())
	assert.Equal(t, FlagBodyFile, flags)
	assert.Equal(t, "5000000000", environ["CONTENT_LENGTH"])
	assert.Nil(t, body)
	assert.Same(t, file, req.File)
	req.Release()
	assert.NoError(t, file.Close(), "the caller keeps the file")
}

// What the server lends is used again as soon as its handler returns.
func TestRequestCopies(t *testing.T) {
	m, body := post(), []byte("body")
	req := NewRequest(m, Body{Memory: body, Size: 4}, nil)
	defer req.Release()
	before := bytes.Clone(req.Frame())
	for _, b := range [][]byte{m.Method, m.Target, m.Path, m.RequestID, m.RemoteAddr, m.Fields[0].Name, m.Fields[0].Value, body} {
		clear(b)
	}
	assert.Equal(t, before, req.Frame())
	assert.Equal(t, "POST", req.Method)
	assert.Equal(t, "/a/long/target?q", string(req.Target))
	assert.Equal(t, "0f3a-secret", string(req.ID))
}

func TestReleasedRequestLeavesNothingToTheNext(t *testing.T) {
	fresh := NewRequest(get(), Body{}, nil)
	want := bytes.Clone(fresh.Frame())
	fresh.Release()
	reused := 0
	for range 100 { // the pool may give a new one
		old := NewRequest(post(), Body{File: openNull(t), Size: 9}, stays{})
		old.Path, old.Trace = 3, Trace{PID: 7, Tries: 2}
		old.Release()
		req := NewRequest(get(), Body{}, nil)
		if req == old {
			reused++
		}
		require.Equal(t, want, req.Frame())
		require.Equal(t, Request{Method: "GET", Target: []byte("/a?b"), ID: []byte("0f3a"), Path: config.NoPath, frame: req.frame}, *req)
		req.Release()
	}
	assert.Positive(t, reused)
}

func openNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // nothing was written
	return f
}

func TestReleaseDropsWhatIsTheCallersAndLargeBuffers(t *testing.T) {
	req := NewRequest(post(), Body{Memory: make([]byte, maxKeptFrame), Size: maxKeptFrame}, stays{})
	require.Greater(t, len(req.Frame()), maxKeptFrame)
	req.File = openNull(t)
	req.Release()
	assert.Nil(t, req.frame)
	assert.Nil(t, req.Client)
	assert.Nil(t, req.File)

	req = NewRequest(post(), Body{}, nil)
	req.Release()
	assert.NotNil(t, req.frame, "small ones are used again")
}

func TestMethods(t *testing.T) {
	tests := map[string]struct {
		idempotent bool
		name       string
	}{
		"GET": {true, "GET"}, "HEAD": {true, "HEAD"}, "OPTIONS": {true, "OPTIONS"}, "TRACE": {true, "TRACE"},
		"PUT": {true, "PUT"}, "DELETE": {true, "DELETE"},
		"POST": {false, "POST"}, "PATCH": {false, "PATCH"}, "CONNECT": {false, "CONNECT"},
		"PROPFIND": {false, "PROPFIND"}, "get": {false, "get"}, "": {false, ""}, "\xff": {false, "?"},
	}
	for method, tt := range tests {
		t.Run(method, func(t *testing.T) {
			m := get()
			m.Method = []byte(method)
			req := NewRequest(m, Body{}, nil)
			defer req.Release()
			assert.Equal(t, tt.name, req.Method)
			assert.Equal(t, tt.idempotent, req.Idempotent(), "RFC 9110, section 9.2.2")
			_, environ, _ := readRequest(t, req.Frame())
			assert.Equal(t, method, environ["REQUEST_METHOD"])
		})
	}
}

// isName reports whether b may be the name of a field: a token (RFC 9110, section 5.6.2). The front has refused others.
func isName(b []byte) bool {
	for _, c := range b {
		isAlphanumeric := '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return len(b) > 0
}

// FuzzNewRequest makes the fields of lines of "name:value", and everything else of text, but for the host of the target.
func FuzzNewRequest(f *testing.F) {
	f.Add([]byte("Host:a\nCookie:b\ncookie:c\nContent-Type:text/plain"), []byte("/caf\xe9"), []byte{}, []byte("body"))
	f.Add([]byte("X_A:1\nX-A:2\nX-a:3\nProxy:x\nTransfer-Encoding:chunked\nTrailer:x\nExpect:x\nContent-Length:3"), []byte{}, []byte("b"), []byte{})
	f.Add([]byte("x-alpha:\xff\nx-omega:\x80\nX-ALPHA:\xe9\nHOST:a\nhost:b\nX_Host:c"), []byte("\xff\x00"), []byte("\xff"), []byte{0xFF})
	f.Fuzz(func(t *testing.T, block, text, host, body []byte) {
		m := get()
		m.Method, m.Target, m.Path, m.Query, m.RequestID, m.Host = text, text, text, text, text, host
		m.HasLength = len(body) > 0
		for _, line := range bytes.Split(block, []byte("\n")) {
			if name, value, ok := bytes.Cut(line, []byte(":")); ok && isName(name) {
				m.Fields = append(m.Fields, Field{name, value})
			}
		}
		req := NewRequest(m, Body{Memory: body, Size: int64(len(body))}, nil)
		defer req.Release()

		_, err := ReadValue(req.Frame()[HeadSize:])
		require.NoError(t, err)
		_, environ, gotBody := readRequest(t, req.Frame())
		assert.Equal(t, body, gotBody)
		for _, key := range []string{"REQUEST_METHOD", "RAW_URI", "REQUEST_URI", "PATH_INFO", "QUERY_STRING", "forebay.request_id"} {
			assert.Equal(t, string(text), environ[key])
			delete(environ, key)
		}
		for key := range getEnviron() {
			delete(environ, key)
		}
		length, given := environ["CONTENT_LENGTH"]
		assert.Equal(t, m.HasLength, given)
		assert.True(t, !given || length == strconv.Itoa(len(body)), "CONTENT_LENGTH %q", length)
		delete(environ, "CONTENT_LENGTH")
		want := expectedKeys(m.Fields)
		if len(host) > 0 {
			want["HTTP_HOST"] = string(host)
		}
		assert.Equal(t, want, environ)
	})
}

// expectedKeys says in the plainest way what fields become in an environ.
func expectedKeys(fields []Field) map[string]string {
	keys := map[string]string{}
	for _, f := range fields {
		key := "HTTP_" + strings.ReplaceAll(strings.ToUpper(string(f.Name)), "-", "_")
		switch key {
		case "HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_TRAILER", "HTTP_EXPECT":
			continue
		case "HTTP_CONTENT_TYPE":
			key = "CONTENT_TYPE"
		}
		separator := ", "
		if key == "HTTP_COOKIE" {
			separator = "; "
		}
		switch before, again := keys[key]; {
		case bytes.ContainsRune(f.Name, '_'):
		case again:
			keys[key] = before + separator + string(f.Value)
		default:
			keys[key] = string(f.Value)
		}
	}
	return keys
}

func BenchmarkNewRequest(b *testing.B) {
	m := get()
	m.Fields = eightFields()
	b.ReportAllocs()
	for b.Loop() {
		NewRequest(m, Body{}, nil).Release()
	}
}
