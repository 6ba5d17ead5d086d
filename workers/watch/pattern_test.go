package watch

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPatternsFit(t *testing.T) {
	cases := map[string]struct {
		pattern   string
		fits, not []string
	}{
		"a name":             {"/no/a.txt", []string{"/no/a.txt"}, []string{"/no/b.txt", "/no/a.txt/b", "/no", "/a.txt"}},
		"wildcards":          {"/no/*.[ht]tm?", []string{"/no/a.html", "/no/b.ttmx"}, []string{"/no/a.htm", "/no/b/a.html", "/no/.a.html"}},
		"in the middle":      {"/no/*/t/*.html", []string{"/no/a/t/x.html"}, []string{"/no/t/x.html", "/no/a/b/t/x.html"}},
		"below":              {"/no/**/*.py", []string{"/no/a.py", "/no/b/a.py", "/no/b/c/a.py"}, []string{"/no/a.txt", "/a.py", "/non/a.py"}},
		"all below":          {"/no/**", []string{"/no/a", "/no/b/c/a"}, []string{"/no/.git/a", "/no/b/.a", "/no/__pycache__/a.pyc"}},
		"between":            {"/no/**/t/**/*.html", []string{"/no/t/a.html", "/no/a/t/b/c/a.html"}, []string{"/no/a/a.html"}},
		"not where none is":  {"/no/**/*.py", nil, []string{"/no/node_modules/a.py", "/no/v/lib/site-packages/a.py", "/no/.tox/a.py"}},
		"a dot that is said": {"/no/.env*", []string{"/no/.env", "/no/.env.local"}, []string{"/no/env"}},
		"escaped":            {`/no/\[x\]/*.py`, []string{"/no/[x]/a.py"}, []string{"/no/x/a.py"}},
		"of the root":        {"/**/*.py", []string{"/a.py", "/b/a.py"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := newPattern(c.pattern)
			require.NoError(t, err)
			for _, path := range c.fits {
				assert.True(t, p.fits(path), path)
				for dir := filepath.Dir(path); dir != "/"; dir = filepath.Dir(dir) {
					assert.True(t, p.leads(dir), "to %s by %s", path, dir)
				}
			}
			for _, path := range c.not {
				assert.False(t, p.fits(path), path)
			}
		})
	}
}

func TestPatternsLeadNowhereElse(t *testing.T) {
	cases := map[string]struct {
		pattern string
		not     []string
	}{
		"one directory":   {"/no/*.py", []string{"/no/a", "/yes", "/no/a/b"}},
		"a middle":        {"/no/a*/*.py", []string{"/no/b", "/no/a/b"}},
		"what is aside":   {"/no/**/*.py", []string{"/no/.git", "/no/a/__pycache__", "/no/node_modules", "/no/.git/a"}},
		"beside the root": {"/no/a/**", []string{"/no/b", "/n"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := newPattern(c.pattern)
			require.NoError(t, err)
			for _, dir := range c.not {
				assert.False(t, p.leads(dir), dir)
			}
		})
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "a/*.py", "/a/[b"} {
		_, err := New([]string{text}, nil)
		assert.ErrorContains(t, err, "want the pattern of an absolute path, not", text)
	}
}

func TestFilesOfEditors(t *testing.T) {
	for _, name := range []string{
		".#shop.py", "#shop.py#", "shop.py~", ".shop.py.swp", "4913", "flycheck_shop.py", "shop_flymake.py",
		"shop.py___jb_tmp___", "shop.py___jb_old___", "shop.py.bak", ".goutputstream-ABC",
	} {
		assert.True(t, temporary(name), name)
	}
	for _, name := range []string{"shop.py", "__init__.py", "index.html", ".env", "tmp.py"} {
		assert.False(t, temporary(name), name)
	}
}

// What a pattern fits it also leads to, whatever the two are.
func FuzzPattern(f *testing.F) {
	f.Add("/no/**/*.py", "/no/a/b.py")
	f.Add(`/no/[a\]-z]/**/?`, "/no/]/a")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := newPattern(text)
		if err != nil || len(text) > 200 || len(path) > 200 {
			return
		}
		path = filepath.Clean("/" + path)
		if p.fits(path) {
			assert.True(t, p.leads(filepath.Dir(path)))
		}
	})
}
