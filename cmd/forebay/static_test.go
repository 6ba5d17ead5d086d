package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// film is a file that is neither small nor text.
var film = strings.Repeat("\x00film\xff", 100_000)

// startSite starts forebay with a configuration file, in front of an application that hands files over. It returns the
// directory of the media.
func startSite(t *testing.T) (*server, string) {
	t.Helper()
	apps, err := filepath.Abs("../../python/testdata/apps")
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"public/app.css": strings.Repeat("p { color: teal }\n", 500), "public/app.5af66c1b1797.js": "let x", "public/index.html": "<p>home</p>",
		"public/lost.html": "<p>lost</p>", "media/film.bin": film, "public/film.bin": film, "secret": "secret",
		"forebay.toml": fmt.Sprintf(`
app = "hands_over"
chdir = %q
workers = 1
threads = 2
compress = true
env = ["MEDIA=%[2]s/media"]
x_sendfile = "%[2]s/media"
x_accel_redirect = {"/protected/" = "%[2]s/media"}
bind = "127.0.0.1:0"

[[static]]
prefix = "/static/"
dir = "public"
not_found = "lost.html"
headers = {Access-Control-Allow-Origin = "*"}

[[static]]
prefix = "/page/"
dir = "public"
fallback = "index.html"
except = ["/page/api/"]
`, apps, dir),
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		old := time.Now().Add(-time.Hour) // the tag of a file that has just changed is a weak one
		require.NoError(t, os.Chtimes(path, old, old))
	}
	return startForebay(t, "--config", filepath.Join(dir, "forebay.toml")), filepath.Join(dir, "media")
}

func TestStaticFilesOfAConfiguration(t *testing.T) {
	s, media := startSite(t)
	b := newBrowser(t, s.URL)
	ask := func(path string, header ...string) page {
		fields := map[string]string{"Accept-Encoding": "identity"}
		for i := 0; i < len(header); i += 2 {
			fields[header[i]] = header[i+1]
		}
		return b.do(t, http.MethodGet, path, fields, nil)
	}
	style := ask("/static/app.css")
	assert.Equal(t, http.StatusOK, style.Status)
	assert.Equal(t, "*", style.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "no-cache", style.Header.Get("Cache-Control"))
	assert.Equal(t, http.StatusNotModified, ask("/static/app.css", "If-None-Match", style.Header.Get("ETag")).Status)
	assert.Equal(t, "color", ask("/static/app.css", "Range", "bytes=4-8").Body)
	assert.Contains(t, ask("/static/app.5af66c1b1797.js").Header.Get("Cache-Control"), "immutable")
	lost := ask("/static/none")
	assert.Equal(t, http.StatusNotFound, lost.Status)
	assert.Equal(t, "<p>lost</p>", lost.Body)

	// Copies that are made while files are served are sent within a second.
	public := filepath.Join(filepath.Dir(media), "public")
	assert.Contains(t, run(t, forebayCommand(t, "compress", public)), "br    1 new file")
	packed, err := os.ReadFile(filepath.Join(public, "app.css.br"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return ask("/static/app.css", "Accept-Encoding", "br").Body == string(packed) }, 5*time.Second, 50*time.Millisecond)

	assert.Equal(t, "<p>home</p>", ask("/page/").Body)
	assert.Equal(t, "<p>home</p>", ask("/page/cart/7").Body)
	assert.Contains(t, ask("/page/api/cart").Body, "the application")

	zipped := ask("/", "Accept-Encoding", "gzip")
	assert.Equal(t, "gzip", zipped.Header.Get("Content-Encoding"))
	assert.Less(t, len(zipped.Body), 200)
	s.Stop()
}

// assertFilm compares what is too long to be shown.
func assertFilm(t *testing.T, got string) {
	t.Helper()
	if got != film {
		t.Error("it is another file")
	}
}

func TestFilesThatTheApplicationHandsOver(t *testing.T) {
	s, _ := startSite(t)
	b := newBrowser(t, s.URL)
	for _, way := range []string{"/sendfile", "/accel", "/wrapper"} {
		t.Run(way, func(t *testing.T) {
			whole := b.get(t, way+"?film.bin")
			assert.Equal(t, http.StatusOK, whole.Status)
			assertFilm(t, whole.Body)
			for _, field := range []string{"X-Sendfile", "X-Accel-Redirect"} {
				assert.NotContains(t, whole.Header, field)
			}
			tag := whole.Header.Get("ETag")
			part := b.do(t, http.MethodGet, way+"?film.bin", map[string]string{"Range": "bytes=-5", "If-Range": tag}, nil)
			assert.Equal(t, http.StatusPartialContent, part.Status)
			assert.Equal(t, "film\xff", part.Body)
			assert.Equal(t, "text/plain", part.Header.Get("Content-Type"))
			same := b.do(t, http.MethodGet, way+"?film.bin", map[string]string{"If-None-Match": tag}, nil)
			assert.Equal(t, http.StatusNotModified, same.Status)
		})
	}
	assert.Equal(t, http.StatusNotFound, b.get(t, "/sendfile?none").Status)
	outside := b.get(t, "/sendfile?../secret")
	assert.Equal(t, http.StatusInternalServerError, outside.Status)
	assert.NotContains(t, outside.Body, "secret")
	s.Stop()
}

// Downloads that were cut off are taken up by the programs that people use.
func TestDownloadsAreTakenUp(t *testing.T) {
	s, media := startSite(t)
	programs := map[string][]string{
		"curl": {"--silent", "--fail", "--continue-at", "-", "--output"},
		"wget": {"--quiet", "--continue", "--output-document"},
	}
	for name, args := range programs {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Logf("%s is not installed", name)
			continue
		}
		for _, way := range []string{"/sendfile?film.bin", "/accel?film.bin", "/wrapper?film.bin", "/static/film.bin"} {
			path := filepath.Join(t.TempDir(), "film")
			require.NoError(t, os.WriteFile(path, []byte(film[:len(film)/3]), 0o600))
			out, err := exec.CommandContext(t.Context(), program, append(args, path, s.URL+way)...).CombinedOutput()
			require.NoError(t, err, "%s: %s", name, out)
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			assertFilm(t, string(whole))
		}
	}
	assert.FileExists(t, filepath.Join(media, "film.bin"))
	s.Stop()
}
