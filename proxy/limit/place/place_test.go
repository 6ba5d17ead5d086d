package place

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestPaths(t *testing.T) {
	cases := map[string]struct {
		patterns, in, out string
	}{
		"a prefix":                   {"/login", "/login /login/ /login/x", "/logins /logi / /x/login /Login //login *"},
		"with a slash":               {"/api/", "/api/ /api/x", "/api /apis/"},
		"the root":                   {"/", "/ /x //", "*"},
		"two":                        {"/a /b", "/a /b/c", "/c"},
		"a segment":                  {"/api/*/token", "/api/1/token /api//token /api/x/token/y", "/api/token /api/1/2/token /api/1/tokens"},
		"a part of a segment":        {"/*.pdf", "/a.pdf /.pdf /a.pdf/x", "/a.pdf2 /a/b.pdf /apdf"},
		"two stars":                  {"/a*b*c", "/abc /axxbxxc /abbcc", "/abcd /acb /a/b/c"},
		"a star at the end":          {"/a/*", "/a/ /a/b /a/b/c", "/a /b"},
		"a star with a slash":        {"/a/*/", "/a/b/ /a/b/c /a//", "/a/b /a/"},
		"a star alone":               {"/*", "/ /x /x/y", "*"},
		"a star that takes too much": {"/*aab", "/aaab /aab", "/aaba /aa"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := New(strings.Fields(c.patterns), nil)
			for _, path := range strings.Fields(c.in) {
				assert.True(t, p.Has([]byte("GET"), []byte(path)), path)
			}
			for _, path := range strings.Fields(c.out) {
				assert.False(t, p.Has([]byte("GET"), []byte(path)), path)
			}
			assert.False(t, p.Has([]byte("GET"), nil))
		})
	}
}

func TestMethods(t *testing.T) {
	p := New(nil, []string{"POST", "PUT"})
	assert.True(t, p.Has([]byte("PUT"), []byte("/")))
	assert.False(t, p.Has([]byte("GET"), []byte("/")))
	assert.False(t, p.Has([]byte("put"), []byte("/")))
	everywhere := New(nil, nil)
	assert.True(t, everywhere.Has([]byte("PURGE"), []byte("*")))
}

func TestNothingIsAllocated(t *testing.T) {
	p := New([]string{"/a", "/api/*/tok*en"}, []string{"POST"})
	method, path := []byte("POST"), []byte("/api/1/token")
	assert.Zero(t, testing.AllocsPerRun(100, func() { p.Has(method, path) }))
}

// TestAPathThatIsMadeToBeSlow: a client may send what nearly fits, again and again.
func TestAPathThatIsMadeToBeSlow(t *testing.T) {
	p := New([]string{"/" + strings.Repeat("a*", 30) + "b"}, nil)
	begin := time.Now()
	assert.False(t, p.Has([]byte("GET"), []byte("/"+strings.Repeat("a", 8000))))
	assert.Less(t, time.Since(begin), time.Second)
}

// FuzzPlace: a prefix without a star fits where config.MatchPath says so.
func FuzzPlace(f *testing.F) {
	f.Add("/report", "/report/x")
	f.Add("/upload/", "/upload/")
	f.Add("/", "/")
	f.Fuzz(func(t *testing.T, prefix, path string) {
		if !strings.HasPrefix(prefix, "/") || strings.Contains(prefix, "*") || strings.HasSuffix(prefix, "//") {
			return
		}
		p := New([]string{prefix}, nil)
		fits := config.MatchPath([]config.Path{{Prefix: prefix}}, []byte(path)) >= 0
		assert.Equal(t, fits, p.Has(nil, []byte(path)))
	})
}
