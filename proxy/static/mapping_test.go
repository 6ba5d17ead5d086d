package static

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

// site is a small site.
func site() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"index.html": "home", "docs/index.html": "docs", "docs/page.html": "page", "img/a.png": "picture", "404.html": "lost",
		"app/main.htm": "main", ".env": "secret", ".git/config": "secret", ".well-known/x": "known", "README": "readme",
		"folder.png/a.png": "inside",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestOptionsOfAMapping(t *testing.T) {
	type want struct {
		status int
		body   string
	}
	absent := want{404, ""}
	tests := map[string]struct {
		change func(*config.Static)
		want   map[string]want
	}{
		"as PREFIX=DIR": {func(*config.Static) {}, map[string]want{
			"/s/": {200, "home"}, "/s/docs/": {200, "docs"}, "/s/docs": {301, ""}, "/s/docs/page.html": {200, "page"},
			"/s/img/": absent, "/s/img": absent, "/s/none": absent, "/s/none/": absent, "/s/README/": absent,
			"/s/.env": absent, "/s/.git/config": absent, "/s/.well-known/x": {200, "known"}, "/s": {notServed, ""},
		}},
		"no index": {func(s *config.Static) { s.Index = nil }, map[string]want{
			"/s/": absent, "/s/docs/": absent, "/s/docs": absent, "/s/index.html": {200, "home"},
		}},
		"several names for an index": {func(s *config.Static) { s.Index = []string{"main.htm", "index.html"} }, map[string]want{
			"/s/": {200, "home"}, "/s/app/": {200, "main"}, "/s/app": {301, ""}, "/s/img/": absent,
		}},
		"one page for all": {func(s *config.Static) { s.Fallback = "index.html" }, map[string]want{
			"/s/": {200, "home"}, "/s/shop/cart": {200, "home"}, "/s/img/a.png": {200, "picture"}, "/s/img/": {200, "home"},
			"/s/.env": {200, "home"}, "/s/a%2Fb": {200, "home"}, "/s/docs": {301, ""},
		}},
		"a fallback that is not there": {func(s *config.Static) { s.Fallback = "none.html" }, map[string]want{"/s/x": absent}},
		"first files, then the application": {func(s *config.Static) { s.Fallback = config.FallbackApplication }, map[string]want{
			"/s/": {200, "home"}, "/s/img/a.png": {200, "picture"}, "/s/shop/cart": {notServed, ""}, "/s/img/": {notServed, ""},
			"/s/.env": {notServed, ""}, "/s/a%2Fb": {notServed, ""}, "/s/x//y": {notServed, ""}, "/s/docs": {301, ""},
		}},
		"a page of its own for 404": {func(s *config.Static) { s.NotFound = "404.html" }, map[string]want{
			"/s/x": {404, "lost"}, "/s/.env": {404, "lost"}, "/s/img/": {404, "lost"}, "/s/404.html": {200, "lost"}, "/s/a%2Fb": {404, "lost"},
		}},
		"such a page that is not there": {func(s *config.Static) { s.NotFound = "none.html" }, map[string]want{"/s/x": absent}},
		"hidden files": {func(s *config.Static) { s.Hidden = true }, map[string]want{
			"/s/.env": {200, "secret"}, "/s/.git/config": {200, "secret"}, "/s/../s/.env": absent, "/s/./.env": absent, "/s/docs/..": absent,
		}},
		"extensions": {func(s *config.Static) { s.Extensions = []string{"png", "html"} }, map[string]want{
			"/s/": {200, "home"}, "/s/img/a.png": {200, "picture"}, "/s/README": absent, "/s/app/main.htm": absent, "/s/docs": {301, ""},
			"/s/folder.png": absent, "/s/folder.png/a.png": {200, "inside"},
		}},
		"extensions that an index has not": {func(s *config.Static) {
			s.Extensions, s.Index = []string{"png", "htm"}, []string{"index.html", "main.htm"}
		}, map[string]want{
			"/s/": absent, "/s/docs/": absent, "/s/docs": absent, "/s/app/": {200, "main"}, "/s/app": {301, ""},
		}},
		"extensions that the pages named beside them have not": {func(s *config.Static) { s.Extensions, s.Fallback = []string{"png"}, "index.html" }, map[string]want{
			"/s/": {200, "home"}, "/s/shop": {200, "home"}, "/s/docs/": {200, "home"}, "/s/README": {200, "home"}, "/s/img/a.png": {200, "picture"},
		}},
		"extensions that the page of 404 has not": {func(s *config.Static) { s.Extensions, s.NotFound = []string{"png"}, "404.html" }, map[string]want{
			"/s/x": {404, "lost"}, "/s/docs/": {404, "lost"}, "/s/img/a.png": {200, "picture"},
		}},
		"extensions in another case": {func(s *config.Static) { s.Extensions = []string{"png"} }, map[string]want{"/s/img/A.PNG": absent}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := serve(t, below("/s/", site(), tt.change))
			for range 2 { // the second time from the cache
				for target, want := range tt.want {
					got := ask(t, files, "GET", target)
					assert.Equal(t, want.status, got.StatusCode, target)
					assert.Equal(t, want.body, got.body, target)
				}
			}
		})
	}
}

func TestADirectoryWithoutItsSlashIsRedirected(t *testing.T) {
	files := serve(t, below("/s/", site()), below("/", site()))
	for target, want := range map[string]string{
		"/s/docs":         "/s/docs/",
		"/s/docs?a=b&c":   "/s/docs/?a=b&c",
		"/s/d%6Fcs?":      "/s/d%6Fcs/",
		"/docs":           "/docs/",
		"/docs?next=//x/": "/docs/?next=//x/",
	} {
		got := ask(t, files, "GET", target)
		assert.Equal(t, 301, got.StatusCode, target)
		assert.Equal(t, want, got.Header.Get("Location"), target)
	}
	assert.Equal(t, notServed, ask(t, files, "GET", "//docs").StatusCode, "it would lead to another host")
}

func TestTheRootHasTheApplicationBehindIt(t *testing.T) {
	files := serve(t, below("/", site()))
	assert.Equal(t, "home", ask(t, files, "GET", "/").body)
	assert.Equal(t, "picture", ask(t, files, "GET", "/img/a.png").body)
	assert.Equal(t, notServed, ask(t, files, "GET", "/login").StatusCode)
	assert.Equal(t, notServed, ask(t, files, "POST", "/").StatusCode)
	assert.Equal(t, notServed, ask(t, files, "OPTIONS", "/img/a.png").StatusCode)
}

func TestPathsThatAMappingIsNotFor(t *testing.T) {
	spa := func(s *config.Static) { s.Fallback, s.Except = "index.html", []string{"/api/", "/docs/page"} }
	files := serve(t, below("/", site(), spa))
	for target, want := range map[string]string{"/": "home", "/shop": "home", "/api": "home", "/docs/": "docs", "/img/a.png": "picture"} {
		assert.Equal(t, want, ask(t, files, "GET", target).body, target)
	}
	for _, target := range []string{"/api/", "/api/cart", "/docs/page.html"} {
		assert.Equal(t, notServed, ask(t, files, "GET", target).StatusCode, target)
		assert.Equal(t, notServed, ask(t, files, "POST", target).StatusCode, target)
	}
}

func TestFilesThatAMappingIsForAlone(t *testing.T) {
	only := func(s *config.Static) { s.Only = []string{"README", "img/a.png", "none.txt"} }
	files := serve(t, below("/", site(), only), below("/docs/", site(), only, func(s *config.Static) { s.Fallback = "" }))
	for target, want := range map[string]int{
		"/README": 200, "/%52EADME": 200, "/img/a.png": 200, "/docs/README": 200, "/docs/none.txt": 404,
		"/": notServed, "/index.html": notServed, "/README/": notServed, "/img/": notServed, "/img": notServed, "/none.txt": notServed,
		"/docs/": notServed, "/docs": notServed, "/docs/page.html": notServed, "/img//a.png": notServed, "/img%2Fa.png": notServed,
	} {
		assert.Equal(t, want, ask(t, files, "GET", target).StatusCode, target)
	}
	assert.Equal(t, 405, ask(t, files, "POST", "/docs/README").StatusCode)
	assert.Equal(t, notServed, ask(t, files, "POST", "/docs/page.html").StatusCode)
}

func TestAnIndexIsAFileLikeOthers(t *testing.T) {
	files := serve(t, below("/s/", site()))
	got := ask(t, files, "GET", "/s/docs/")
	assert.Equal(t, "text/html; charset=utf-8", got.Header.Get("Content-Type"))
	assert.Equal(t, 304, ask(t, files, "GET", "/s/docs/", "If-None-Match: "+got.Header.Get("ETag")).StatusCode)
	part := ask(t, files, "GET", "/s/docs/", "Range: bytes=0-0")
	assert.Equal(t, "d", part.body)
}

// A page that is not what was asked for has nothing that a client could take for a version of that.
func TestThePageOf404HasNoValidators(t *testing.T) {
	large := site()
	large["404.html"] = &fstest.MapFile{Data: make([]byte, smallFile+1)}
	for name, fsys := range map[string]fstest.MapFS{"small": site(), "large": large} {
		files := serve(t, below("/s/", fsys, func(s *config.Static) { s.NotFound = "404.html" }))
		got := ask(t, files, "GET", "/s/x", "If-None-Match: *", "Range: bytes=0-1")
		assert.Equal(t, 404, got.StatusCode, name)
		assert.Len(t, got.body, len(fsys["404.html"].Data), name)
		assert.Equal(t, "text/html; charset=utf-8", got.Header.Get("Content-Type"))
		for _, field := range []string{"Etag", "Last-Modified", "Cache-Control", "Accept-Ranges"} {
			assert.NotContains(t, got.Header, field, name)
		}
		head := ask(t, files, "HEAD", "/s/x")
		assert.Equal(t, 404, head.StatusCode)
		assert.Equal(t, got.length, head.length)
	}
}
