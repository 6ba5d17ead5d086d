package static

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// plain: no copies are made where there are none.
func plain(s *config.Static) { s.Compress = false }

// withSidecars makes a file with copies in all codings, whose contents are their names.
func withSidecars(t *testing.T, dir, name, text string) {
	t.Helper()
	write(t, filepath.Join(dir, name), text)
	for _, ending := range []string{".gz", ".br", ".zst"} {
		write(t, filepath.Join(dir, name+ending), ending+strings.Repeat("!", len(text)/2))
	}
}

func TestSidecarsAreChosenByWeight(t *testing.T) {
	dir := t.TempDir()
	withSidecars(t, dir, "a.css", "plain")
	withSidecars(t, dir, "large.js", strings.Repeat("x", 3*smallFile))
	withSidecars(t, dir, "pic.png", "picture")
	write(t, filepath.Join(dir, "only.css"), "plain")
	write(t, filepath.Join(dir, "only.css.gz"), "zipped")
	files := serve(t, below("/s/", opened(t, dir), plain))
	tests := map[string]struct {
		name, accept string
		coding, body string // how the body begins
	}{
		"a browser":               {"a.css", "gzip, deflate, br, zstd", "br", ".br"},
		"gzip":                    {"a.css", "gzip", "gzip", ".gz"},
		"zstd":                    {"a.css", "gzip;q=0.5, zstd", "zstd", ".zst"},
		"weights":                 {"a.css", "gzip, br;q=0.5, zstd;q=0.9", "gzip", ".gz"},
		"not br":                  {"a.css", "br;q=0, *", "zstd", ".zst"},
		"nothing":                 {"a.css", "", "", "plain"},
		"something else":          {"a.css", "deflate", "", "plain"},
		"as it is":                {"a.css", "identity, gzip;q=0.9", "", "plain"},
		"what there is":           {"only.css", "gzip;q=0.1, br", "gzip", "zipped"},
		"what there is not":       {"only.css", "br", "", "plain"},
		"nothing that there is":   {"only.css", "br, identity;q=0", "", "plain"},
		"a large file":            {"large.js", "br", "br", ".br!"},
		"a picture has no copies": {"pic.png", "br", "", "picture"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ask(t, files, "GET", "/s/"+tt.name, "Accept-Encoding: "+tt.accept)
			assert.Equal(t, 200, got.StatusCode)
			assert.Equal(t, tt.coding, got.Header.Get("Content-Encoding"))
			assert.True(t, strings.HasPrefix(got.body, tt.body), "another body")
			if tt.name != "pic.png" {
				assert.Equal(t, "Accept-Encoding", got.Header.Get("Vary"))
			} else {
				assert.NotContains(t, got.Header, "Vary")
			}
			head := ask(t, files, "HEAD", "/s/"+tt.name, "Accept-Encoding: "+tt.accept)
			assert.Equal(t, got.Header, head.Header)
			assert.Equal(t, got.length, head.length)
		})
	}
}

func TestEachCodingHasItsTag(t *testing.T) {
	dir := t.TempDir()
	withSidecars(t, dir, "a.css", "plain")
	withSidecars(t, dir, "large.js", strings.Repeat("x", 3*smallFile))
	files := serve(t, below("/s/", opened(t, dir), plain))
	for _, name := range []string{"a.css", "large.js"} {
		seen := map[string]string{}
		for _, accept := range []string{"identity", "gzip", "br", "zstd"} {
			got := ask(t, files, "GET", "/s/"+name, "Accept-Encoding: "+accept)
			tag := got.Header.Get("ETag")
			assert.Empty(t, seen[tag], "%s has the tag of %s", accept, seen[tag])
			seen[tag] = accept
			for other := range seen {
				same := ask(t, files, "GET", "/s/"+name, "Accept-Encoding: "+accept, "If-None-Match: "+other)
				want := 200
				if other == tag {
					want = 304
					assert.Equal(t, tag, same.Header.Get("ETag"))
					assert.Equal(t, "Accept-Encoding", same.Header.Get("Vary"), "RFC 9110, section 15.4.5")
					assert.NotContains(t, same.Header, "Content-Encoding")
				}
				assert.Equal(t, want, same.StatusCode)
			}
		}
		assert.Len(t, seen, 4)
	}
}

func TestRangesAreOfTheFileAsItIs(t *testing.T) {
	dir := t.TempDir()
	withSidecars(t, dir, "a.css", "plain")
	files := serve(t, below("/s/", opened(t, dir), plain))
	got := ask(t, files, "GET", "/s/a.css", "Accept-Encoding: br", "Range: bytes=1-2")
	assert.Equal(t, 206, got.StatusCode)
	assert.Equal(t, "la", got.body)
	assert.NotContains(t, got.Header, "Content-Encoding")
	coded := ask(t, files, "GET", "/s/a.css", "Accept-Encoding: br")
	assert.NotContains(t, coded.Header, "Accept-Ranges")
	resumed := ask(t, files, "GET", "/s/a.css", "Accept-Encoding: br", "Range: bytes=1-2", "If-Range: "+coded.Header.Get("ETag"))
	assert.Equal(t, 200, resumed.StatusCode, "a part of one would not go with a part of the other")
	assert.Equal(t, "plain", resumed.body)
}

func TestASidecarOfAnOlderFileIsNotSent(t *testing.T) {
	dir := t.TempDir()
	withSidecars(t, dir, "a.css", "plain")
	path := filepath.Join(dir, "a.css")
	date := func(name string, age time.Duration) {
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(name, at, at))
	}
	date(path, time.Hour)
	date(path+".br", 2*time.Hour)
	date(path+".gz", time.Hour-time.Second)
	files, clock := timed(t, below("/s/", opened(t, dir), plain))
	coding := func(accept string) string {
		return ask(t, files, "GET", "/s/a.css", "Accept-Encoding: "+accept).Header.Get("Content-Encoding")
	}
	assert.Empty(t, coding("br"))
	assert.Equal(t, "gzip", coding("gzip"))
	assert.Equal(t, "zstd", coding("br;q=0.9, zstd"))

	date(path+".br", 0)
	clock.pass(time.Second)
	assert.Equal(t, "br", coding("br"), "it was made anew")
	require.NoError(t, os.Remove(path+".gz"))
	replace(t, path, "newer")
	clock.pass(time.Second)
	assert.Empty(t, coding("gzip"))
	assert.Empty(t, coding("zstd"))
}

func TestSidecarsCanBeTurnedOff(t *testing.T) {
	dir := t.TempDir()
	withSidecars(t, dir, "a.css", "plain")
	files := serve(t, below("/s/", opened(t, dir), plain, func(s *config.Static) { s.Sidecars = false }))
	got := ask(t, files, "GET", "/s/a.css", "Accept-Encoding: br")
	assert.Equal(t, "plain", got.body)
	assert.NotContains(t, got.Header, "Vary")
	assert.Equal(t, "application/x-brotli", ask(t, files, "GET", "/s/a.css.br").Header.Get("Content-Type"), "it is a file itself")
}
