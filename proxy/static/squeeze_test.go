package static

import (
	"compress/gzip"
	"crypto/rand"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

var style = strings.Repeat("body { color: teal }\n", 1000)

// squeezed asks, waits until the copy is made that this has set going, and asks again.
func squeezed(t *testing.T, files *Files, target, accept string) (first, second answer) {
	t.Helper()
	first = ask(t, files, "GET", target, "Accept-Encoding: "+accept)
	files.squeezer.running.Wait()
	return first, ask(t, files, "GET", target, "Accept-Encoding: "+accept)
}

func TestCopiesAreMadeInTheBackground(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.css"), style)
	write(t, filepath.Join(dir, "large.js"), strings.Repeat(style, 10))
	files, _ := timed(t, below("/s/", opened(t, dir)))
	for _, name := range []string{"a.css", "large.js"} {
		tags := map[string]bool{}
		for _, coding := range []string{"gzip", "br", "zstd"} {
			first, second := squeezed(t, files, "/s/"+name, coding)
			assert.Empty(t, first.Header.Get("Content-Encoding"), "the first one does not wait")
			assert.Equal(t, coding, second.Header.Get("Content-Encoding"))
			assert.Equal(t, "Accept-Encoding", first.Header.Get("Vary"))
			assert.Equal(t, "Accept-Encoding", second.Header.Get("Vary"))
			assert.Less(t, len(second.body)*10, len(first.body))
			assert.Equal(t, first.Header.Get("Last-Modified"), second.Header.Get("Last-Modified"))
			tags[first.Header.Get("ETag")], tags[second.Header.Get("ETag")] = true, true
			same := ask(t, files, "GET", "/s/"+name, "Accept-Encoding: "+coding, "If-None-Match: "+second.Header.Get("ETag"))
			assert.Equal(t, 304, same.StatusCode)
		}
		assert.Len(t, tags, 4)
	}
	got := ask(t, files, "GET", "/s/a.css", "Accept-Encoding: gzip")
	reader, err := gzip.NewReader(strings.NewReader(got.body))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, style, string(text))
	assert.Equal(t, 206, ask(t, files, "GET", "/s/a.css", "Accept-Encoding: br", "Range: bytes=0-1").StatusCode)
	assert.Empty(t, ask(t, files, "GET", "/s/a.css").Header.Get("Content-Encoding"), "who says nothing gets it as it is")
}

func TestTheBestCopyIsMadeFirst(t *testing.T) {
	files := serve(t, below("/s/", fstest.MapFS{"a.css": {Data: []byte(style)}}))
	_, second := squeezed(t, files, "/s/a.css", "gzip, deflate, br, zstd")
	assert.Equal(t, "br", second.Header.Get("Content-Encoding"))
	assert.Empty(t, ask(t, files, "GET", "/s/a.css", "Accept-Encoding: gzip").Header.Get("Content-Encoding"))
	files.squeezer.running.Wait()
	assert.Equal(t, "gzip", ask(t, files, "GET", "/s/a.css", "Accept-Encoding: gzip").Header.Get("Content-Encoding"))
}

func TestASidecarIsNotMadeAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.css"), style)
	write(t, filepath.Join(dir, "a.css.gz"), "zipped")
	files, _ := timed(t, below("/s/", opened(t, dir)))
	_, second := squeezed(t, files, "/s/a.css", "gzip")
	assert.Equal(t, "zipped", second.body)
	first, second := squeezed(t, files, "/s/a.css", "gzip, br")
	assert.Equal(t, "zipped", first.body, "it is there, and brotli is not yet")
	assert.Equal(t, "br", second.Header.Get("Content-Encoding"))
}

func TestWhatIsNotCompressed(t *testing.T) {
	noise := make([]byte, 10_000)
	_, err := rand.Read(noise)
	require.NoError(t, err)
	fsys := fstest.MapFS{
		"pic.png": {Data: []byte(style)}, "small.css": {Data: []byte(style[:leastSqueezed-1])}, "noise.txt": {Data: noise},
		"huge.css": {Data: make([]byte, mostSqueezed+1)}, "a.css": {Data: []byte(style)},
	}
	files := serve(t, below("/s/", fsys), below("/off/", fsys, func(s *config.Static) { s.Compress = false }))
	for _, target := range []string{"/s/pic.png", "/s/small.css", "/s/noise.txt", "/s/huge.css", "/off/a.css"} {
		_, second := squeezed(t, files, target, "gzip")
		assert.Empty(t, second.Header.Get("Content-Encoding"), target)
	}
	e := files.cache.get([]byte("/s/noise.txt"))
	_, wanted := e.choose(requestOf("GET", "/s/noise.txt", "Accept-Encoding: gzip").Fields)
	assert.Zero(t, wanted, "it is not tried again")
}

func TestCopiesCountForTheBoundOfMemory(t *testing.T) {
	const bound = 30_000 // of the file are 21,000
	files := New([]Mapping{below("/s/", fstest.MapFS{"a.css": {Data: []byte(style)}, "b.css": {Data: []byte(style)}})}, bound, 0)
	t.Cleanup(files.Close)
	_, second := squeezed(t, files, "/s/a.css", "gzip")
	assert.Equal(t, "gzip", second.Header.Get("Content-Encoding"))
	e := files.cache.get([]byte("/s/a.css"))
	assert.Equal(t, inPages(int64(len(style)))+int64(len(second.body)+entryCost), e.cost)
	assert.Equal(t, e.cost, files.cache.memory.used)
	assert.False(t, files.cache.grow(e, bound), "there is no room")

	files.cache.forget("/s/a.css")
	assert.Zero(t, files.cache.memory.used)
	assert.False(t, files.cache.grow(e, 1), "nobody would find it")
}

func TestAFileThatIsNotKeptIsNotCompressed(t *testing.T) {
	files := New([]Mapping{below("/s/", fstest.MapFS{"a.css": {Data: []byte(style)}})}, 0, 0)
	t.Cleanup(files.Close)
	_, second := squeezed(t, files, "/s/a.css", "gzip")
	assert.Empty(t, second.Header.Get("Content-Encoding"))
	assert.Empty(t, files.squeezer.busy)
}

func TestAChangedFileIsCompressedAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.css")
	write(t, path, style)
	files, clock := timed(t, below("/s/", opened(t, filepath.Dir(path))))
	_, old := squeezed(t, files, "/s/a.css", "gzip")
	replace(t, path, style+style)
	clock.pass(believed)
	first, second := squeezed(t, files, "/s/a.css", "gzip")
	assert.Equal(t, style+style, first.body)
	assert.Equal(t, "gzip", second.Header.Get("Content-Encoding"))
	assert.NotEqual(t, old.Header.Get("ETag"), second.Header.Get("ETag"))
}

func TestAfterCloseNothingIsCompressed(t *testing.T) {
	files := serve(t, below("/s/", fstest.MapFS{"a.css": {Data: []byte(style)}}))
	files.Close()
	_, second := squeezed(t, files, "/s/a.css", "gzip")
	assert.Equal(t, 200, second.StatusCode)
	assert.Empty(t, second.Header.Get("Content-Encoding"))
}
