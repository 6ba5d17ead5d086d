package main_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shop is what a test of the Flask application has in its hands.
type shop struct {
	*browser
	server *server
	python string
	gate   *gate
	data   string // SHOP_DATA: the uploads
}

// An unmodified Flask from PyPI, made by a factory that takes an argument.
func TestFlask(t *testing.T) {
	visits := map[string]func(*testing.T, shop){
		"the factory's argument and JSON":         flaskHome,
		"the basket lives in the session cookie":  flaskBasket,
		"an upload comes back as it went":         flaskUpload,
		"send_file answers conditions and ranges": flaskSendFile,
		"an answer arrives while it is made":      flaskStream,
		"error handlers answer":                   flaskErrors,
		"curl":                                    flaskCurl,
		"requests":                                flaskRequests,
	}
	for version, python := range venvs(t) {
		t.Run(version, func(t *testing.T) {
			data := t.TempDir()
			gate := newGate(t, data)
			s := startForebay(t, "--python", python, "--chdir", "testdata/flask", "-w", "2", "--threads", "2",
				"-e", "SHOP_DATA="+data, "-e", "PYTHONDONTWRITEBYTECODE=1", "shop:create_app(greeting='Good morning')")
			s.Tracebacks = 1 // flaskErrors; Flask writes it to wsgi.errors
			for name, visit := range visits {
				t.Run(name, func(t *testing.T) { visit(t, shop{newBrowser(t, s.URL), s, python, gate, data}) })
			}
			s.Stop()
		})
	}
}

func flaskHome(t *testing.T, s shop) {
	home := s.get(t, "/")
	assert.Equal(t, http.StatusOK, home.Status)
	assert.Equal(t, "<h1>Good morning</h1>", home.Body)
	assert.Regexp(t, `^\d+\.\d+$`, home.Header.Get("X-Took"), "before_request and after_request ran")

	json := map[string]string{"Content-Type": "application/json"}
	sum := s.do(t, http.MethodPost, "/json", json, strings.NewReader(`{"numbers": [1, 2, 39]}`))
	assert.JSONEq(t, `{"sum": 42, "numbers": [1, 2, 39]}`, sum.Body)
	assert.Equal(t, http.StatusBadRequest, s.do(t, http.MethodPost, "/json", json, strings.NewReader("{")).Status)
	refused := s.get(t, "/json")
	assert.Equal(t, http.StatusMethodNotAllowed, refused.Status)
	assert.ElementsMatch(t, []string{"OPTIONS", "POST"}, strings.Split(refused.Header.Get("Allow"), ", "))
}

func flaskBasket(t *testing.T, s shop) {
	for _, article := range []string{"tea", "crème brûlée"} {
		added := s.submit(t, "/basket/", url.Values{"article": {article}})
		assert.Equal(t, http.StatusCreated, added.Status)
	}
	assert.JSONEq(t, `["tea", "crème brûlée"]`, s.get(t, "/basket/").Body)
	assert.JSONEq(t, `[]`, newBrowser(t, s.base).get(t, "/basket/").Body, "the basket of somebody else")
}

func flaskUpload(t *testing.T, s shop) {
	for _, size := range []int{0, 1000, 300_000} {
		content := randomBytes(size)
		kept := s.upload(t, "/files/", nil, "upload.bin", content)
		require.Equal(t, http.StatusCreated, kept.Status, kept.Body)
		assert.Contains(t, kept.Body, hexDigest(content), "as Flask received it")

		back := s.get(t, "/files/upload.bin")
		assert.Equal(t, hexDigest(content), hexDigest([]byte(back.Body)), "as it came back")
		assert.Equal(t, int64(size), back.Length)
	}
}

func flaskSendFile(t *testing.T, s shop) {
	content := randomBytes(200_000)
	require.NoError(t, os.WriteFile(filepath.Join(s.data, "fixed.bin"), content, 0o600))
	whole := s.get(t, "/files/fixed.bin")
	require.Equal(t, http.StatusOK, whole.Status)
	etag := whole.Header.Get("ETag")
	require.NotEmpty(t, etag)

	cases := map[string]struct {
		header map[string]string
		status int
		body   []byte
	}{
		"the first bytes":            {map[string]string{"Range": "bytes=0-9"}, 206, content[:10]},
		"the middle":                 {map[string]string{"Range": "bytes=1000-150000"}, 206, content[1000:150_001]},
		"the last bytes":             {map[string]string{"Range": "bytes=-7"}, 206, content[len(content)-7:]},
		"beyond the end":             {map[string]string{"Range": "bytes=200000-"}, 416, nil},
		"the same version":           {map[string]string{"If-None-Match": etag}, 304, []byte{}},
		"another version":            {map[string]string{"If-None-Match": `"other"`}, 200, content},
		"a range of another version": {map[string]string{"If-Range": `"other"`, "Range": "bytes=0-9"}, 200, content},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			answer := s.do(t, http.MethodGet, "/files/fixed.bin", c.header, nil)
			assert.Equal(t, c.status, answer.Status)
			if c.body != nil {
				assert.Equal(t, hexDigest(c.body), hexDigest([]byte(answer.Body)), "%d bytes", len(answer.Body))
			}
		})
	}
	head := s.do(t, http.MethodHead, "/files/fixed.bin", nil, nil)
	assert.Equal(t, int64(len(content)), head.Length)
	assert.Equal(t, etag, head.Header.Get("ETag"))
}

func flaskStream(t *testing.T, s shop) {
	assertStreams(t, s.browser, "/files/stream", s.gate, "piece %d of /files/stream\n")
}

func flaskErrors(t *testing.T, s shop) {
	missing := s.get(t, "/nothing/here")
	assert.Equal(t, http.StatusNotFound, missing.Status)
	assert.JSONEq(t, `{"error": "not found", "path": "/nothing/here"}`, missing.Body)

	broken := s.get(t, "/broken")
	assert.Equal(t, http.StatusInternalServerError, broken.Status)
	assert.JSONEq(t, `{"error": "out of paper"}`, broken.Body)
	s.server.Stderr.Await(t, regexp.MustCompile(`RuntimeError: out of paper`))
}

func flaskCurl(t *testing.T, s shop) {
	file := filepath.Join(t.TempDir(), "upload")
	content := randomBytes(400_000)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	assert.Contains(t, curl(t, "--form", "file=@"+file+";filename=form.bin", s.base+"/files/"), hexDigest(content))
	assert.Equal(t, string(content[:1000]), curl(t, "--range", "0-999", s.base+"/files/form.bin"))

	// Without a length, and waiting for 100 Continue.
	chunked := curl(t, "--upload-file", file, "--header", "Transfer-Encoding: chunked", s.base+"/files/chunked.bin")
	assert.JSONEq(t, `{"size": 400000, "announced": 400000}`, chunked)
	expected := curl(t, "--upload-file", file, "--header", "Expect: 100-continue", s.base+"/files/expected.bin")
	assert.JSONEq(t, `{"size": 400000, "announced": 400000}`, expected)
	assert.Equal(t, string(content), curl(t, "--http1.0", s.base+"/files/expected.bin"))
}

func flaskRequests(t *testing.T, s shop) {
	run(t, exec.CommandContext(t.Context(), s.python, "testdata/flask/visit.py", s.base))
}
