package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const formType = "application/x-www-form-urlencoded"

var csrfToken = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]+)"`)

// browser is a visitor of one site: it keeps cookies and connections, and follows redirects.
type browser struct {
	base   string
	client *http.Client
}

// page is a response that was read to its end.
type page struct {
	Status int
	Header http.Header
	Length int64 // as the response's head has it, or -1
	Path   string
	Body   string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{base: base, client: &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
}

// open sends a request and returns the response with its body unread. Its end is the test's.
func (b *browser) open(t *testing.T, method, path string, header map[string]string, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.base+path, body)
	require.NoError(t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := b.client.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, resp.Body.Close()) })
	return resp
}

func (b *browser) do(t *testing.T, method, path string, header map[string]string, body io.Reader) page {
	t.Helper()
	resp := b.open(t, method, path, header, body)
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return page{
		Status: resp.StatusCode, Header: resp.Header, Length: resp.ContentLength,
		Path: resp.Request.URL.Path, Body: string(content),
	}
}

func (b *browser) get(t *testing.T, path string) page {
	t.Helper()
	return b.do(t, http.MethodGet, path, nil, nil)
}

// submit posts a form as a browser does.
func (b *browser) submit(t *testing.T, path string, form url.Values) page {
	t.Helper()
	return b.do(t, http.MethodPost, path, map[string]string{"Content-Type": formType}, strings.NewReader(form.Encode()))
}

// upload posts a form with fields and one file, as multipart/form-data.
func (b *browser) upload(t *testing.T, path string, fields map[string]string, name string, content []byte) page {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for key, value := range fields {
		require.NoError(t, form.WriteField(key, value))
	}
	file, err := form.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = file.Write(content)
	require.NoError(t, err)
	require.NoError(t, form.Close())
	return b.do(t, http.MethodPost, path, map[string]string{"Content-Type": form.FormDataContentType()}, &body)
}

// token is the hidden field that Django's forms carry.
func (p page) token(t *testing.T) string {
	t.Helper()
	match := csrfToken.FindStringSubmatch(p.Body)
	require.NotNil(t, match, "no CSRF token in:\n%s", p.Body)
	return match[1]
}

// gate is a named pipe that an application reads before each further piece of its stream.
type gate struct{ file *os.File }

// newGate makes the pipe dir/gate.
func newGate(t *testing.T, dir string) *gate {
	t.Helper()
	path := filepath.Join(dir, "gate")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	file, err := os.OpenFile(path, os.O_RDWR, 0) // with O_WRONLY it would wait for the reader
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() }) // the test closes it first when all goes well
	return &gate{file}
}

// assertStreams reads three pieces at path, and lets the application make each only after the one before has arrived: a
// server that holds pieces back cannot pass.
func assertStreams(t *testing.T, b *browser, path string, gate *gate, piece string) {
	t.Helper()
	resp := b.open(t, http.MethodGet, path, nil, nil)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, int64(-1), resp.ContentLength)
	lines := bufio.NewReader(resp.Body)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf(piece, number), line)
		if number == 3 {
			break
		}
		_, err = gate.file.Write([]byte{'.'})
		require.NoError(t, err)
	}
	require.NoError(t, gate.file.Close())
	rest, err := io.ReadAll(lines)
	require.NoError(t, err, "the end of the stream")
	assert.Empty(t, rest)
}

// curl runs the program with args and returns what it writes to stdout.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	args = append([]string{"--silent", "--show-error", "--max-time", "60"}, args...)
	return run(t, exec.CommandContext(t.Context(), path, args...))
}

// run returns what cmd writes to stdout; it must succeed and say nothing on stderr.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s\n%s%s", cmd, &stdout, &stderr)
	require.Empty(t, stderr.String(), "%s", cmd)
	return stdout.String()
}
