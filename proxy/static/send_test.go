package static

import (
	"bufio"
	"embed"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

//go:embed testdata/embedded.css
var embedded embed.FS

func TestEmbeddedFilesHaveNoDate(t *testing.T) {
	addr := serve(t, Mapping{"/", embedded})
	got := ask(t, addr, "GET", "/testdata/embedded.css", "If-Modified-Since: Sun, 01 Nov 2026 00:00:00 GMT")
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "p { color: teal }\n", got.body)
	assert.NotContains(t, got.Header, "Last-Modified")
}

func TestEverySizeIsSentWhole(t *testing.T) {
	root, memory := t.TempDir(), fstest.MapFS{}
	texts := map[string]string{}
	for _, size := range []int{0, 1, 8<<10 + 1, smallFile - 1, smallFile, smallFile + 1, 3<<20 + 7} {
		name, text := strconv.Itoa(size), strings.Repeat("0123456789abcdef", size/16+1)[:size]
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
		memory[name] = &fstest.MapFile{Data: []byte(text)}
		texts[name] = text
	}
	addr := serve(t, mapped(t, root), Mapping{"/memory/", memory})
	for name, text := range texts {
		for _, prefix := range []string{"/static/", "/memory/"} {
			got := ask(t, addr, "GET", prefix+name)
			assert.EqualValues(t, len(text), got.ContentLength)
			if text != got.body {
				t.Error(prefix+name, "is not what was written") // without the megabytes that Equal would print
			}
		}
	}
}

// fasthttp takes sendfile for a body that is an *os.File, wrapped in nothing.
func TestALargeFileIsGivenToSendfile(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "large"), make([]byte, smallFile+1), 0o600))
	var ctx fasthttp.RequestCtx
	served, err := New([]Mapping{mapped(t, root)}).Serve(&ctx, []byte("/static/large"))
	require.NoError(t, err)
	require.True(t, served)
	assert.IsType(t, (*os.File)(nil), ctx.Response.BodyStream())
	assert.Equal(t, smallFile+1, ctx.Response.Header.ContentLength())
	require.NoError(t, ctx.Response.CloseBodyStream())
}

// begun asks for a file, reads the head and one byte of the body, and returns the length announced and the rest. The
// file is so large that the sockets' buffers do not hold it: the server is in the middle of it.
func begun(t *testing.T, path string) (announced int64, rest io.Reader) {
	t.Helper()
	conn := dial(t, serve(t, mapped(t, filepath.Dir(path))), "GET", "/static/"+filepath.Base(path))
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(64<<10))
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	_, err = reader.ReadByte()
	require.NoError(t, err)
	return resp.ContentLength, reader
}

// hole makes a large file that takes no space.
func hole(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hole")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 64<<20))
	return path
}

func TestAFileThatShrinksWhileSentCutsTheConnection(t *testing.T) {
	path := hole(t)
	announced, rest := begun(t, path)
	require.NoError(t, os.Truncate(path, 1<<10))
	n, err := io.Copy(io.Discard, rest)
	require.NoError(t, err, "the connection ends")
	assert.EqualValues(t, 64<<20, announced)
	assert.Less(t, n+1, announced)
}

func TestAFileThatGrowsWhileSentKeepsItsLength(t *testing.T) {
	path := hole(t)
	announced, rest := begun(t, path)
	require.NoError(t, os.Truncate(path, 65<<20))
	n, err := io.Copy(io.Discard, rest)
	require.NoError(t, err)
	assert.Equal(t, announced, n+1)
}

func TestAFileThatIsReplacedWhileSentIsTheOldOne(t *testing.T) {
	path := hole(t)
	announced, rest := begun(t, path)
	fresh := path + ".new"
	require.NoError(t, os.WriteFile(fresh, []byte("new"), 0o600))
	require.NoError(t, os.Rename(fresh, path))
	n, err := io.Copy(io.Discard, rest)
	require.NoError(t, err)
	assert.Equal(t, announced, n+1)
}

// shrunkFS has small files that are shorter than their size, as one is that is cut between stat and read.
type shrunkFS struct{ fstest.MapFS }

func (s shrunkFS) Open(name string) (fs.File, error) {
	f, err := s.MapFS.Open(name)
	return shrunkFile{f}, err
}

type shrunkFile struct{ fs.File }

func (shrunkFile) Read([]byte) (int, error) { return 0, io.EOF }

func TestASmallFileThatShrinksIsAFault(t *testing.T) {
	addr := serve(t, Mapping{"/", shrunkFS{fstest.MapFS{"a.txt": {Data: []byte("alpha")}}}})
	got := ask(t, addr, "GET", "/a.txt")
	assert.Equal(t, 500, got.StatusCode)
	assert.Empty(t, got.body)
	assert.Contains(t, got.Header.Get(faultField), "a.txt")
}

// countedFS counts the files that are open.
type countedFS struct {
	fs.FS
	open *atomic.Int32
}

func (c countedFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return countedFile{f, c.open}, nil
}

type countedFile struct {
	fs.File
	open *atomic.Int32
}

func (c countedFile) Close() error {
	c.open.Add(-1)
	return c.File.Close()
}

func TestNoFileStaysOpen(t *testing.T) {
	var open atomic.Int32
	t.Run("requests", func(t *testing.T) { // the server has ended when this returns
		addr := serve(t, Mapping{"/", countedFS{fstest.MapFS{
			"small":   {Data: []byte("s")},
			"large":   {Data: make([]byte, 1<<20)},
			"dir/sub": {},
		}, &open}})
		for _, target := range []string{"/small", "/large", "/dir", "/none"} {
			ask(t, addr, "GET", target)
			ask(t, addr, "HEAD", target)
		}
		require.NoError(t, dial(t, addr, "GET", "/large").Close())
	})
	assert.Zero(t, open.Load())
}
