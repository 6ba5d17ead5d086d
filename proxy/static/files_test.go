package static

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"forebay/proxy/mediatype"
)

func TestServesFilesUnderThePrefix(t *testing.T) {
	addr := serve(t, Mapping{"/static/", fstest.MapFS{
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
	}})
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
		"a bad escape":                 {"/static/a%zz.txt", 400, "", ""},
		"an escape cut off":            {"/static/a%2", 400, "", ""},
		"another path":                 {"/other/a.txt", notServed, "", ""},
		"the prefix without its slash": {"/static", notServed, "", ""},
		"the prefix with more":         {"/static2/a.txt", notServed, "", ""},
		"the prefix in another case":   {"/Static/a.txt", notServed, "", ""},
		"two slashes in front":         {"//static/a.txt", notServed, "", ""},
		"dots that lead to the prefix": {"/x/../static/a.txt", notServed, "", ""},
		"a bad escape elsewhere":       {"/other/%zz", notServed, "", ""},
		"a bad escape before the end":  {"/stat%zzic/a.txt", notServed, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ask(t, addr, "GET", tt.target)
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Equal(t, tt.body, got.body)
			assert.Empty(t, got.Header.Get(faultField))
			if tt.status == 200 {
				assert.Equal(t, tt.typ, got.Header.Get("Content-Type"))
				assert.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
				assert.EqualValues(t, len(tt.body), got.ContentLength)
			}
		})
	}
}

func TestLongestPrefixWins(t *testing.T) {
	one := func(text string) fs.FS { return fstest.MapFS{"a": {Data: []byte(text)}} }
	addr := serve(t,
		Mapping{"/static/", one("outer")},
		Mapping{"/static/img/", one("inner")},
		Mapping{"/", one("root")},
	)
	for target, want := range map[string]string{"/a": "root", "/static/a": "outer", "/static/img/a": "inner"} {
		assert.Equal(t, want, ask(t, addr, "GET", target).body, target)
	}
	assert.Equal(t, 404, ask(t, addr, "GET", "/static/img/b").StatusCode, "the shorter prefix is not tried")
}

func TestOtherMethodsAreRefused(t *testing.T) {
	addr := serve(t, Mapping{"/static/", fstest.MapFS{"a": {}}})
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "get"} {
		got := ask(t, addr, method, "/static/a", "Content-Length: 0")
		assert.Equal(t, 405, got.StatusCode, method)
		assert.Equal(t, "GET, HEAD", got.Header.Get("Allow"), method)
	}
	assert.Equal(t, notServed, ask(t, addr, "POST", "/a", "Content-Length: 0").StatusCode)
}

func TestHeadHasTheFieldsOfGet(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.css"), []byte("p{}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "large.css"), make([]byte, 3*smallFile), 0o600))
	addr := serve(t, mapped(t, dir))
	for _, name := range []string{"small.css", "large.css"} {
		get := ask(t, addr, "GET", "/static/"+name)
		head := ask(t, addr, "HEAD", "/static/"+name)
		assert.Equal(t, 200, head.StatusCode)
		assert.Empty(t, head.body)
		assert.Equal(t, strconv.Itoa(len(get.body)), head.Header.Get("Content-Length"))
		get.Header.Del("Date")
		head.Header.Del("Date")
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
			got := ask(t, serve(t, Mapping{"/", brokenFS{tt.err}}), "GET", "/a")
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Empty(t, got.body)
			assert.Equal(t, tt.told, got.Header.Get(faultField) != "")
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
	fsys, closer, err := Dir(filepath.Join(dir, "root"))
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, closer.Close()) })
	files := New([]Mapping{{"/s/", fsys}})

	for _, seed := range []string{"/s/a", "/s/sub/b", "/s/../secret", "/s/%2e%2e/secret", "/s/..%2fsecret", "/s/link", "/s/.secret", "/s/a%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		var ctx fasthttp.RequestCtx
		served, err := files.Serve(&ctx, []byte(path))
		require.NoError(t, err)
		if !served {
			require.False(t, strings.HasPrefix(path, "/s/"))
			return
		}
		if ctx.Response.StatusCode() == http.StatusOK {
			require.Equal(t, "open", string(ctx.Response.Body()))
		}
	})
}

func BenchmarkServe(b *testing.B) {
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "a.css"), make([]byte, 1<<10), 0o600))
	fsys, closer, err := Dir(dir)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, closer.Close()) })
	files := New([]Mapping{{"/static/", fsys}})
	for name, path := range map[string]string{"hit": "/static/a.css", "not ours": "/shop/cart/items"} {
		b.Run(name, func(b *testing.B) {
			var ctx fasthttp.RequestCtx
			raw := []byte(path)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = files.Serve(&ctx, raw) // only the cost counts here
			}
		})
	}
}
