package static

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestCacheControl(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, name := range []string{
		"page.html", "sub/page.html", "pic.png", "sub/pic.png", "app.5af66c1b1797.css", "build/x.js", "build/sub/x.js",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(name)}
	}
	rules := func(s *config.Static) {
		s.Cache = []config.CacheRule{{Match: "*.html", Value: "no-store"}, {Match: "sub/*.png", Value: "max-age=1"}, {Match: "*.png", Value: "max-age=2"}}
	}
	tests := map[string]struct {
		change func(*config.Static)
		want   map[string]string
	}{
		"nothing said": {func(*config.Static) {}, map[string]string{
			"page.html": "no-cache", "pic.png": "no-cache", "app.5af66c1b1797.css": immutable, "build/x.js": "no-cache",
		}},
		"rules": {rules, map[string]string{
			"page.html": "no-store", "sub/page.html": "no-store", "pic.png": "max-age=2", "sub/pic.png": "max-age=1",
			"app.5af66c1b1797.css": immutable, "build/x.js": "no-cache",
		}},
		"immutable by a pattern": {func(s *config.Static) { s.Immutable = []string{"build/*"} }, map[string]string{
			"app.5af66c1b1797.css": "no-cache", "build/x.js": immutable, "build/sub/x.js": "no-cache",
		}},
		"nothing is immutable": {func(s *config.Static) { s.Immutable = nil }, map[string]string{"app.5af66c1b1797.css": "no-cache"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := serve(t, below("/s/", fsys, tt.change))
			for name, want := range tt.want {
				got := ask(t, files, "GET", "/s/"+name)
				assert.Equal(t, 200, got.StatusCode, name)
				assert.Equal(t, want, got.Header.Get("Cache-Control"), name)
				same := ask(t, files, "GET", "/s/"+name, "If-None-Match: "+got.Header.Get("ETag"))
				assert.Equal(t, 304, same.StatusCode, name)
				assert.Equal(t, want, same.Header.Get("Cache-Control"), name)
			}
		})
	}
}

func TestFurtherHeaders(t *testing.T) {
	files := serve(t, below("/s/", fstest.MapFS{"a.txt": {Data: []byte("a")}, "404.html": {Data: []byte("none")}}, func(s *config.Static) {
		s.Headers = []config.Header{{Name: "Access-Control-Allow-Origin", Value: "*"}, {Name: "X-Own", Value: "1"}}
		s.NotFound = "404.html"
	}))
	for target, lines := range map[string][]string{
		"/s/a.txt": nil, "/s/none": nil, "/s/404.html": {"Range: bytes=0-1"},
	} {
		got := ask(t, files, "GET", target, lines...)
		assert.Equal(t, "*", got.Header.Get("Access-Control-Allow-Origin"), target)
		assert.Equal(t, "1", got.Header.Get("X-Own"), target)
	}
}

func TestTypesOfAMapping(t *testing.T) {
	files := serve(t, below("/s/", fstest.MapFS{"a.GLTF": {}, "b.txt": {}, "c.css": {}, "noending": {}}, func(s *config.Static) {
		s.Types = []config.Header{{Name: "gltf", Value: "model/gltf+json"}, {Name: "txt", Value: "text/x-own"}}
		s.NotFound = "b.txt"
	}))
	for target, want := range map[string]string{
		"/s/a.GLTF": "model/gltf+json", "/s/b.txt": "text/x-own", "/s/c.css": "text/css; charset=utf-8",
		"/s/noending": "application/octet-stream", "/s/none": "text/x-own",
	} {
		assert.Equal(t, want, ask(t, files, "GET", target).Header.Get("Content-Type"), target)
	}
}
