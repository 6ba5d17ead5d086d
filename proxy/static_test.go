package proxy

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestStaticFilesAreAnsweredWithoutTheApplication(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.txt"), []byte("small"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "large.bin"), make([]byte, 300_000), 0o600))
	f := startFront(t, &application{}, func(c *config.Proxy) {
		c.Static = []config.Static{{Prefix: "/static/", Dir: dir}}
	})
	tests := []struct {
		method, path string
		status, size int
		logged       string // status and bytes
	}{
		{"GET", "/static/small.txt", 200, 5, " 200 5 "},
		{"HEAD", "/static/small.txt", 200, 0, " 200 0 "},
		{"GET", "/static/large.bin", 200, 300_000, " 200 300000 "},
		{"GET", "/static/missing", 404, -1, " 404 "},
		{"POST", "/static/small.txt", 405, -1, " 405 "},
		{"GET", "/application", 200, 4, " 200 4 "},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+f.addr.String()+tt.path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, tt.status, resp.StatusCode, tt.path)
		if tt.size >= 0 {
			assert.Len(t, body, tt.size, tt.path)
		} else {
			assert.Contains(t, string(body), http.StatusText(tt.status), "the page of an error")
		}
	}
	http.DefaultClient.CloseIdleConnections()
	lines := f.lines()
	require.Len(t, lines, len(tests))
	for i, tt := range tests {
		assert.Contains(t, lines[i], tt.logged, tt.path)
		assert.Regexp(t, regexp.QuoteMeta(`"`+tt.method+" "+tt.path+" "), lines[i])
	}
	assert.Len(t, f.app.seen(), 1)
	assert.NotContains(t, f.log.String(), "level=ERROR")
}
