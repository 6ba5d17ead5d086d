package main_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// site is what a test of the Django application has in its hands.
type site struct {
	*browser
	python string
	gate   *gate
	data   string // MYSITE_DATA: database, uploads and collected static files
}

// An unmodified Django from PyPI, used as its visitors and its administrator use it.
func TestDjango(t *testing.T) {
	visits := map[string]func(*testing.T, site){
		"the administrator logs in and adds a note": djangoAdmin,
		"a form needs its CSRF token":               djangoForm,
		"an upload comes back as it went":           djangoUpload,
		"an answer arrives while it is made":        djangoStream,
		"static files are not Django's work":        djangoStatic,
		"uploads are shown, and not run":            djangoMedia,
		"paths and errors are Django's":             djangoPaths,
		"HEAD has the head of GET":                  djangoHead,
		"answers go to who asked":                   djangoConcurrency,
		"curl":                                      djangoCurl,
		"requests":                                  djangoRequests,
	}
	for version, python := range venvs(t) {
		t.Run(version, func(t *testing.T) {
			data := t.TempDir()
			gate := newGate(t, data)
			prepareDjango(t, python, data)
			s := startForebay(t, "--python", python, "--chdir", "testdata/django", "-w", "2", "--threads", "2",
				"-e", "MYSITE_DATA="+data, "-e", "PYTHONDONTWRITEBYTECODE=1",
				"--django", "mysite.wsgi")
			for name, visit := range visits {
				t.Run(name, func(t *testing.T) { visit(t, site{newBrowser(t, s.URL), python, gate, data}) })
			}
			s.Stop()
		})
	}
}

// preparation is what a deployment has manage.py do before the first start, in one process.
const preparation = `
import os, django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
django.setup()
call_command("migrate", verbosity=0)
call_command("createsuperuser", interactive=False, verbosity=0, username="admin", email="admin@example.org")
call_command("collectstatic", interactive=False, verbosity=0)
`

// prepareDjango makes the database and the static files.
func prepareDjango(t *testing.T, python, data string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-c", preparation)
	cmd.Dir = "testdata/django"
	cmd.Env = append(os.Environ(), "MYSITE_DATA="+data, "PYTHONDONTWRITEBYTECODE=1", "DJANGO_SUPERUSER_PASSWORD=correct horse")
	run(t, cmd)
}

func djangoAdmin(t *testing.T, s site) {
	login := s.get(t, "/admin/")
	require.Equal(t, "/admin/login/", login.Path, "where a stranger is sent")
	form := url.Values{"csrfmiddlewaretoken": {login.token(t)}, "username": {"admin"}, "password": {"wrong"}}
	assert.Contains(t, s.submit(t, "/admin/login/?next=/admin/", form).Body, "Please enter the correct username")

	form.Set("password", "correct horse")
	index := s.submit(t, "/admin/login/?next=/admin/", form)
	require.Equal(t, "/admin/", index.Path)
	require.Contains(t, index.Body, "Site administration")

	add := s.get(t, "/admin/library/note/add/")
	text := "Größe & „Gänse“ 🦆"
	list := s.submit(t, "/admin/library/note/add/", url.Values{"csrfmiddlewaretoken": {add.token(t)}, "text": {text}})
	require.Equal(t, "/admin/library/note/", list.Path)
	assert.Contains(t, list.Body, "Größe &amp; „Gänse“ 🦆")
	assert.Contains(t, list.Body, "was added successfully", "the message that travels in a cookie or the session")
}

func djangoForm(t *testing.T, s site) {
	form := url.Values{"text": {"buy ink"}}
	assert.Equal(t, http.StatusForbidden, s.submit(t, "/notes/", form).Status, "without token and cookie")

	notes := s.get(t, "/notes/")
	form.Set("csrfmiddlewaretoken", notes.token(t))
	kept := s.submit(t, "/notes/", form)
	assert.Equal(t, http.StatusOK, kept.Status)
	assert.Contains(t, kept.Body, "The note is kept.")
	assert.Contains(t, kept.Body, "<li>buy ink</li>")
}

func djangoUpload(t *testing.T, s site) {
	// Held in memory by everybody; in forebay's temporary file; in Django's as well.
	for _, size := range []int{0, 1000, 300_000, 3_000_000} {
		content := randomBytes(size)
		form := s.get(t, "/documents/")
		fields := map[string]string{"csrfmiddlewaretoken": form.token(t), "title": "random " + strconv.Itoa(size)}
		kept := s.upload(t, "/documents/", fields, fmt.Sprintf("random-%d.bin", size), content)
		if size == 0 {
			assert.Contains(t, kept.Body, "The submitted file is empty.")
			continue
		}
		require.Equal(t, http.StatusOK, kept.Status, kept.Body)
		assert.Regexp(t, `^/documents/\d+/$`, kept.Path)
		assert.Equal(t, hexDigest(content), kept.Header.Get("X-Sha256"), "as Django received it")
		assert.Equal(t, hexDigest(content), hexDigest([]byte(kept.Body)), "as it came back")
		assert.Equal(t, int64(size), kept.Length)
		assert.Contains(t, kept.Header.Get("Content-Disposition"), "attachment")
	}
}

func djangoStream(t *testing.T, s site) {
	assertStreams(t, s.browser, "/stream/", s.gate, "piece %d\n")
}

func djangoStatic(t *testing.T, s site) {
	want, err := os.ReadFile(filepath.Join(s.data, "static", "library", "style.css"))
	require.NoError(t, err)
	style := s.get(t, "/static/library/style.css")
	assert.Equal(t, http.StatusOK, style.Status)
	assert.Equal(t, string(want), style.Body)
	assert.Contains(t, style.Header.Get("Content-Type"), "text/css")
	assert.NotEmpty(t, style.Header.Get("Last-Modified"))
	assert.Contains(t, s.get(t, "/static/admin/js/core.js").Header.Get("Content-Type"), "javascript")
	assert.Equal(t, http.StatusNotFound, s.get(t, "/static/library/none.css").Status)
	assert.Equal(t, http.StatusNotFound, s.get(t, "/static/%2e%2e/db.sqlite3").Status)
}

func djangoMedia(t *testing.T, s site) {
	link := regexp.MustCompile(`/static/library/style\.[0-9a-f]{12}\.css`).FindString(s.get(t, "/").Body)
	require.NotEmpty(t, link, "ManifestStaticFilesStorage")
	assert.Contains(t, s.get(t, link).Header.Get("Cache-Control"), "immutable")

	require.NoError(t, os.MkdirAll(filepath.Join(s.data, "media", "own"), 0o700))
	name := "me.5af66c1b1797.svg" // as a visitor may call a file that is replaced tomorrow
	require.NoError(t, os.WriteFile(filepath.Join(s.data, "media", "own", name), []byte("<svg onload='alert(1)'/>"), 0o600))
	require.Eventually(t, func() bool { return s.get(t, "/media/own/"+name).Status == http.StatusOK }, startDeadline, 50*time.Millisecond,
		"the directory was made after the start")
	picture := s.get(t, "/media/own/"+name)
	assert.Equal(t, "image/svg+xml", picture.Header.Get("Content-Type"))
	assert.Contains(t, picture.Header.Get("Content-Security-Policy"), "script-src 'none'")
	assert.Equal(t, "nosniff", picture.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-cache", picture.Header.Get("Cache-Control"))
	assert.Equal(t, http.StatusNotFound, s.get(t, "/media/own/").Status)
	assert.Equal(t, http.StatusNotFound, s.get(t, "/media/%2e%2e/db.sqlite3").Status)
}

func djangoPaths(t *testing.T, s site) {
	assert.Equal(t, "/notes/", s.get(t, "/notes").Path, "CommonMiddleware adds the slash")

	missing := s.get(t, "/no/such/page/")
	assert.Equal(t, http.StatusNotFound, missing.Status)
	assert.Contains(t, missing.Body, "The requested resource was not found on this server.")

	broken := s.get(t, "/broken/")
	assert.Equal(t, http.StatusInternalServerError, broken.Status)
	assert.Contains(t, broken.Body, "Server Error (500)")

	echo := s.do(t, http.MethodPatch, "/echo/na%C3%AFve%20name/?q=a%2Fb&r=%E2%82%AC", nil, strings.NewReader("abc"))
	assert.JSONEq(t, fmt.Sprintf(`{"method": "PATCH", "name": "naïve name", "path": "/echo/naïve name/",
		"query": {"q": "a/b", "r": "€"}, "length": "3", "sha256": %q, "host": %q, "scheme": "http"}`,
		hexDigest([]byte("abc")), strings.TrimPrefix(s.base, "http://")), echo.Body)
}

func djangoHead(t *testing.T, s site) {
	get := s.get(t, "/")
	head := s.do(t, http.MethodHead, "/", nil, nil)
	assert.Equal(t, http.StatusOK, head.Status)
	assert.Empty(t, head.Body)
	assert.Equal(t, get.Length, head.Length)
	assert.Equal(t, get.Header.Get("Content-Type"), head.Header.Get("Content-Type"))
	assert.Equal(t, get.Body, s.get(t, "/").Body, "the next answer on the connection")
}

func djangoConcurrency(t *testing.T, s site) {
	var visitors sync.WaitGroup
	for visitor := range 8 {
		visitors.Go(func() {
			for turn := range 20 {
				name := fmt.Sprintf("%d-%d", visitor, turn)
				body, err := fetchEcho(t.Context(), s, name)
				assert.NoError(t, err)
				assert.Contains(t, body, fmt.Sprintf(`"name": %q`, name))
				assert.Contains(t, body, hexDigest([]byte(name)))
			}
		})
	}
	visitors.Wait()
}

// fetchEcho is for goroutines of a test, which may not end it.
func fetchEcho(ctx context.Context, s site, name string) (string, error) {
	url := s.base + "/echo/" + name + "/"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(name))
	if err != nil {
		return "", err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), errors.Join(err, resp.Body.Close())
}

func djangoCurl(t *testing.T, s site) {
	file := filepath.Join(t.TempDir(), "upload")
	content := randomBytes(400_000)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	// Django reads as much as CONTENT_LENGTH says: an upload without one would arrive empty.
	echo := curl(t, "--request", "PUT", "--header", "Transfer-Encoding: chunked", "--data-binary", "@"+file,
		s.base+"/echo/curl/")
	assert.Contains(t, echo, hexDigest(content))
	assert.Contains(t, echo, `"length": "400000"`)

	assert.Contains(t, curl(t, "--http1.0", s.base+"/"), "<h1>Library</h1>")
	assert.Contains(t, curl(t, "--head", s.base+"/"), "200 OK")
	assert.Equal(t, "301", curl(t, "--output", os.DevNull, "--write-out", "%{http_code}", s.base+"/notes"))
}

func djangoRequests(t *testing.T, s site) {
	run(t, exec.CommandContext(t.Context(), s.python, "testdata/django/visit.py", s.base))
}

func randomBytes(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content) // it cannot fail
	return content
}

func hexDigest(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
