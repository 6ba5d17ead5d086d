package static

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/mediatype"
)

func TestServesFilesUnderThePrefix(t *testing.T) {
	files := serve(t, below("/static/", fstest.MapFS{
		"a.txt":             {Data: []byte("alpha")},
		"sub/deep/b.css":    {Data: []byte("b{}")},
		"a b+ü%.txt":        {Data: []byte("odd")},
		"%2e%2e":            {Data: []byte("twice")},
		"empty.js":          {},
		"no-ending":         {Data: []byte{0, 1}},
		".well-known/x.txt": {Data: []byte("known")},
		"..dots":            {Data: []byte("hidden")},
		"x..y":              {Data: []byte("dots inside")},
		"a.txt\x00.png":     {Data: []byte("a file system that takes every byte")},
		`sub\deep\b.css`:    {Data: []byte("a file system that takes every byte")},
	}))
	tests := map[string]struct {
		target string
		status int
		body   string
		typ    string
	}{
		"a file":                       {"/static/a.txt", 200, "alpha", "text/plain; charset=utf-8"},
		"a query does not matter":      {"/static/a.txt?v=/../1", 200, "alpha", "text/plain; charset=utf-8"},
		"a file in a folder":           {"/static/sub/deep/b.css", 200, "b{}", "text/css; charset=utf-8"},
		"escapes are decoded":          {"/static/a%20b+%c3%bc%25.txt", 200, "odd", "text/plain; charset=utf-8"},
		"but only once":                {"/static/%252e%252e", 200, "twice", mediatype.Default},
		"the prefix may be escaped":    {"/st%61tic/a.txt", 200, "alpha", "text/plain; charset=utf-8"},
		"an empty file":                {"/static/empty.js", 200, "", "text/javascript; charset=utf-8"},
		"no ending":                    {"/static/no-ending", 200, "\x00\x01", mediatype.Default},
		"the known hidden folder":      {"/static/.well-known/x.txt", 200, "known", "text/plain; charset=utf-8"},
		"two dots inside a name":       {"/static/x..y", 200, "dots inside", mediatype.Default},
		"a name that is not there":     {"/static/b.txt", 404, "", ""},
		"case matters":                 {"/static/A.txt", 404, "", ""},
		"a folder":                     {"/static/sub", 404, "", ""},
		"a folder with a slash":        {"/static/sub/", 404, "", ""},
		"the prefix alone":             {"/static/", 404, "", ""},
		"a file with a slash":          {"/static/a.txt/", 404, "", ""},
		"a file as a folder":           {"/static/a.txt/b", 404, "", ""},
		"an empty segment":             {"/static//a.txt", 404, "", ""},
		"a dot segment":                {"/static/./a.txt", 404, "", ""},
		"two dots that stay inside":    {"/static/sub/../a.txt", 404, "", ""},
		"two dots that lead out":       {"/static/../a.txt", 404, "", ""},
		"two dots, escaped":            {"/static/%2e%2E/a.txt", 404, "", ""},
		"two dots, slash escaped":      {"/static/..%2fa.txt", 404, "", ""},
		"an escaped slash":             {"/static/sub%2Fdeep/b.css", 404, "", ""},
		"an escaped slash in a prefix": {"/static%2fa.txt", 404, "", ""},
		"a backslash":                  {`/static/sub\deep\b.css`, 404, "", ""},
		"a backslash, escaped":         {"/static/..%5ca.txt", 404, "", ""},
		"a NUL":                        {"/static/a.txt%00.png", 404, "", ""},
		"bytes that are no UTF-8":      {"/static/%ff.txt", 404, "", ""},
		"a hidden file":                {"/static/..dots", 404, "", ""},
		"a hidden folder":              {"/static/.git/config", 404, "", ""},
		"hidden in the known one":      {"/static/.well-known/.x", 404, "", ""},
		"hidden by an escape":          {"/static/%2ehtaccess", 404, "", ""},
		"another path":                 {"/other/a.txt", notServed, "", ""},
		"the prefix without its slash": {"/static", notServed, "", ""},
		"the prefix with more":         {"/static2/a.txt", notServed, "", ""},
		"the prefix in another case":   {"/Static/a.txt", notServed, "", ""},
		"two slashes in front":         {"//static/a.txt", notServed, "", ""},
		"dots that lead to the prefix": {"/x/../static/a.txt", notServed, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ask(t, files, "GET", tt.target)
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Equal(t, tt.body, got.body)
			require.NoError(t, got.err)
			if tt.status == 200 {
				assert.Equal(t, tt.typ, got.Header.Get("Content-Type"))
				assert.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
				assert.EqualValues(t, len(tt.body), got.length)
			}
		})
	}
}

func TestLongestPrefixWins(t *testing.T) {
	one := func(text string) fs.FS { return fstest.MapFS{"a": {Data: []byte(text)}} }
	files := serve(t,
		below("/static/", one("outer")),
		below("/static/img/", one("inner")),
		below("/", one("root"), func(s *config.Static) { s.Fallback = "" }),
	)
	for target, want := range map[string]string{"/a": "root", "/static/a": "outer", "/static/img/a": "inner"} {
		assert.Equal(t, want, ask(t, files, "GET", target).body, target)
	}
	assert.Equal(t, 404, ask(t, files, "GET", "/static/img/b").StatusCode, "the shorter prefix is not tried")
}

func TestOtherMethodsAreRefused(t *testing.T) {
	files := serve(t, below("/static/", fstest.MapFS{"a": {}}), below("/", fstest.MapFS{"a": {}}))
	for method, status := range map[string]int{"POST": 405, "PUT": 405, "DELETE": 405, "get": 405, "OPTIONS": 204} {
		for _, name := range []string{"a", "none"} {
			got := ask(t, files, method, "/static/"+name)
			assert.Equal(t, status, got.StatusCode, method)
			assert.Equal(t, "GET, HEAD, OPTIONS", got.Header.Get("Allow"), method)
		}
		assert.Equal(t, notServed, ask(t, files, method, "/a").StatusCode, "it is the application's: %s", method)
	}
}

func TestHeadHasTheFieldsOfGet(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.css"), []byte("p{}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "large.css"), make([]byte, 3*smallFile), 0o600))
	files := serve(t, below("/static/", opened(t, dir)))
	for _, name := range []string{"small.css", "large.css"} {
		get := ask(t, files, "GET", "/static/"+name)
		head := ask(t, files, "HEAD", "/static/"+name)
		assert.Equal(t, 200, head.StatusCode)
		assert.EqualValues(t, len(get.body), head.length)
		assert.Equal(t, get.Header, head.Header)
	}
}

// brokenFS refuses every open with one error.
type brokenFS struct{ err error }

func (b brokenFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
}

func TestFaultsAreToldToTheLogAndNotToTheClient(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
		told   bool
	}{
		"not there":       {syscall.ENOENT, 404, false},
		"bad name":        {fs.ErrInvalid, 404, false},
		"not readable":    {syscall.EACCES, 403, false},
		"no descriptors":  {syscall.EMFILE, 500, true},
		"disk is broken":  {syscall.EIO, 500, true},
		"closed under us": {os.ErrClosed, 500, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ask(t, serve(t, below("/static/", brokenFS{tt.err})), "GET", "/static/a")
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Empty(t, got.body)
			assert.Equal(t, tt.told, got.err != nil)
		})
	}
}

func FuzzServeStaysInside(f *testing.F) {
	dir := f.TempDir()
	require.NoError(f, os.MkdirAll(filepath.Join(dir, "root", "sub"), 0o700))
	require.NoError(f, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	require.NoError(f, os.WriteFile(filepath.Join(dir, "root", ".secret"), []byte("secret"), 0o600))
	require.NoError(f, os.WriteFile(filepath.Join(dir, "root", "a"), []byte("open"), 0o600))
	require.NoError(f, os.WriteFile(filepath.Join(dir, "root", "sub", "b"), []byte("open"), 0o600))
	require.NoError(f, os.Symlink("../secret", filepath.Join(dir, "root", "link")))
	files := serve(f, below("/s/", opened(f, filepath.Join(dir, "root"))))

	for _, seed := range []string{"/s/a", "/s/sub/b", "/s/../secret", "/s/%2e%2e/secret", "/s/..%2fsecret", "/s/link", "/s/.secret", "/s/a%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := ask(t, files, "GET", path)
		require.NoError(t, got.err)
		if got.StatusCode == http.StatusOK {
			require.Equal(t, "open", got.body)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "a.css"), make([]byte, 1<<10), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "large.css"), make([]byte, 1<<20), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "a.png"), make([]byte, 1<<10), 0o600))
	files := serve(b, below("/static/", opened(b, dir)), below("/", opened(b, dir)))
	browser := []string{"Host: x", "Connection: keep-alive", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Accept: */*",
		"Referer: http://x/", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en"}
	etag := ask(b, files, "GET", "/static/a.css").Header.Get("ETag")
	for name, req := range map[string]*Request{
		"small":       requestOf("GET", "/static/a.png", browser...),
		"small text":  requestOf("GET", "/static/a.css", browser...),
		"wrk":         requestOf("GET", "/static/a.css", "Host: x"),
		"304":         requestOf("GET", "/static/a.css", append(browser, "If-None-Match: "+etag)...),
		"large":       requestOf("GET", "/static/large.css", browser...),
		"range":       requestOf("GET", "/static/large.css", append(browser, "Range: bytes=100-")...),
		"absent":      requestOf("GET", "/static/sub/none.css", browser...),
		"application": requestOf("GET", "/shop/cart/items", browser...),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, found := files.Find(req); found {
					r.Done()
				}
			}
		})
	}
}

func BenchmarkFindInParallel(b *testing.B) {
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "a.css"), make([]byte, 1<<10), 0o600))
	files := serve(b, below("/static/", opened(b, dir)))
	b.RunParallel(func(pb *testing.PB) {
		req := requestOf("GET", "/static/a.css", "Host: x")
		for pb.Next() {
			r, _ := files.Find(req)
			r.Done()
		}
	})
}

// More files than there is room for, all of them as much in use: half of them are read each time.
func BenchmarkFindAmongMany(b *testing.B) {
	const many, size = 10_000, 10 << 10
	dir := b.TempDir()
	paths := make([]*Request, many)
	for i := range paths {
		name := fmt.Sprint(i)
		require.NoError(b, os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600))
		paths[i] = requestOf("GET", "/static/"+name, "Host: x")
	}
	files := New([]Mapping{below("/static/", opened(b, dir))}, many*size/2, 64)
	b.Cleanup(files.Close)
	b.ReportAllocs()
	const stride = 7919 // each is asked for as often as any other
	for i := 0; b.Loop(); i += stride {
		r, _ := files.Find(paths[i%many])
		r.Done()
	}
}
