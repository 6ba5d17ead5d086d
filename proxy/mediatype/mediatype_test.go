package mediatype

import (
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestByName(t *testing.T) {
	for name, want := range map[string]string{
		"a.html":             "text/html; charset=utf-8",
		"A.HTML":             "text/html; charset=utf-8",
		"js/app.min.js":      "text/javascript; charset=utf-8",
		"app.js.map":         "application/json",
		"site.webmanifest":   "application/manifest+json",
		"x.woff2":            "font/woff2",
		"a.tar.gz":           "application/gzip",
		"dir.css/plain":      Default,
		"plain":              Default,
		"dot.":               Default,
		"a.unheard":          Default,
		"a.longestofendings": Default,
		"":                   Default,
	} {
		assert.Equal(t, want, ByName(name), name)
	}
}

func TestTypesAreWellFormed(t *testing.T) {
	for ending, value := range types {
		require.Equal(t, strings.ToLower(ending), ending)
		require.True(t, strings.HasPrefix(ending, "."), ending)
		require.LessOrEqual(t, len(ending), longestEnding, ending)
		typ, params, err := mime.ParseMediaType(value)
		require.NoError(t, err, ending)
		assert.Equal(t, strings.HasPrefix(typ, "text/"), params["charset"] == "utf-8", ending)
	}
}

func TestCompressible(t *testing.T) {
	for typ, want := range map[string]bool{
		"text/html; charset=utf-8":  true,
		"text/x-new":                true,
		"text/javascript":           true,
		"application/json":          true,
		"application/geo+json":      true,
		"application/atom+xml":      true,
		"application/wasm":          true,
		"image/svg+xml":             true,
		"font/ttf":                  true,
		"font/woff2":                false,
		"image/png":                 false,
		"video/mp4":                 false,
		"application/zip":           false,
		"application/octet-stream":  false,
		"application/x-json-stream": false,
		"":                          false,
	} {
		assert.Equal(t, want, Compressible(typ), typ)
	}
}
