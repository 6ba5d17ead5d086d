package static

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIfModifiedSince(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("alpha"), 0o600))
	modified := time.Date(2026, 3, 1, 12, 0, 0, 999_000_000, time.UTC)
	require.NoError(t, os.Chtimes(path, modified, modified))
	files := serve(t, below("/static/", opened(t, root)))
	const same = "If-Modified-Since: Sun, 01 Mar 2026 12:00:00 GMT"
	tests := map[string]struct {
		method string
		lines  []string
		status int
	}{
		"no field":                {"GET", nil, 200},
		"same second":             {"GET", []string{same}, 304},
		"HEAD":                    {"HEAD", []string{same}, 304},
		"later":                   {"GET", []string{"If-Modified-Since: Mon, 02 Mar 2026 12:00:00 GMT"}, 304},
		"earlier":                 {"GET", []string{"If-Modified-Since: Sun, 01 Mar 2026 11:59:59 GMT"}, 200},
		"an old form of date":     {"GET", []string{"If-Modified-Since: Sun Mar  1 12:00:00 2026"}, 304},
		"no date":                 {"GET", []string{"If-Modified-Since: yesterday"}, 200},
		"two dates":               {"GET", []string{same, same}, 200},
		"If-None-Match is before": {"GET", []string{same, `If-None-Match: "x"`}, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ask(t, files, tt.method, "/static/a.txt", tt.lines...)
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Equal(t, "Sun, 01 Mar 2026 12:00:00 GMT", got.Header.Get("Last-Modified"))
			if tt.status == 304 {
				assert.Empty(t, got.body)
				assert.NotContains(t, got.Header, "Content-Type")
			}
		})
	}
}

func TestATimeToComeIsToldAsNow(t *testing.T) {
	file := &fstest.MapFile{ModTime: time.Now().Add(48 * time.Hour)}
	files := serve(t, below("/", fstest.MapFS{"a": file}))
	got := ask(t, files, "GET", "/a")
	told, err := http.ParseTime(got.Header.Get("Last-Modified"))
	require.NoError(t, err)
	assert.False(t, told.After(time.Now()))
}
