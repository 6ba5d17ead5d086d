package static

import (
	"bufio"
	"bytes"
	"io/fs"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/reply"
	"forebay/proxy/rooted"
	"forebay/proxy/target"
	"forebay/python"
)

// notServed is the status of an answer for what Find has left alone.
const notServed = http.StatusTeapot

// below maps a prefix to a file system, with changes to what PREFIX=DIR means.
func below(prefix string, fsys fs.FS, changes ...func(*config.Static)) Mapping {
	m := Mapping{config.NewStatic(prefix, ""), fsys}
	for _, change := range changes {
		change(&m.Static)
	}
	return m
}

// opened is a directory that is open until the test ends.
func opened(t testing.TB, path string) fs.FS {
	t.Helper()
	root, err := rooted.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return root
}

// serve makes the Files of mappings, with as much memory as anybody wants.
func serve(t testing.TB, mappings ...Mapping) *Files {
	t.Helper()
	files := New(mappings, 64<<20, 64)
	t.Cleanup(files.Close)
	return files
}

// answer is a reply that was sent.
type answer struct {
	StatusCode int
	Header     http.Header
	body       string
	length     int64
	err        error
}

// requestOf makes a request of a target and further field lines.
func requestOf(method, targetURI string, lines ...string) *Request {
	raw, query, _ := strings.Cut(targetURI, "?")
	path, _ := target.Decode(nil, []byte(raw)) // requests with bad escapes come to nobody
	req := &Request{Method: []byte(method), Raw: []byte(raw), Path: path, Query: []byte(query)}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		req.Fields = append(req.Fields, python.Field{Name: []byte(name), Value: []byte(value)})
	}
	return req
}

// ask asks for a target and sends the reply, whose length must be right.
func ask(t testing.TB, files *Files, method, targetURI string, lines ...string) answer {
	t.Helper()
	r, found := files.Find(requestOf(method, targetURI, lines...))
	if !found {
		return answer{StatusCode: notServed}
	}
	defer r.Done()
	return send(t, method, r)
}

func send(t testing.TB, method string, r *reply.Reply) answer {
	t.Helper()
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(r.Fields) + "\r\n"))).ReadMIMEHeader()
	require.NoError(t, err)
	got := answer{StatusCode: r.Status, Header: http.Header(header), length: r.Length, err: r.Err}
	if method == http.MethodHead {
		return got
	}
	var body bytes.Buffer
	n, err := r.WriteTo(&body)
	require.NoError(t, err)
	require.Equal(t, r.Length, n)
	got.body = body.String()
	return got
}
