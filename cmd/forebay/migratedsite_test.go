package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keptSite is a site of nginx's in which not all files are for everybody.
const keptSite = `server {
    listen 127.0.0.1:8080;
    root DIR/site;
    location / { try_files $uri @app; }
    location @app { proxy_pass http://127.0.0.1:8000; }
    location /private/ { auth_basic "Staff"; auth_basic_user_file DIR/htpasswd; }
    location /export/ { internal; }
    location ~ ^/(drafts|notes)/ { deny all; }
    location = /secret.txt { deny all; }
    location ^~ /files/ { alias DIR/files/; autoindex on; }
    location /uploads/ { alias DIR/uploads/; location ~ \.svg$ { return 403; } }
    location /intern/ { allow 10.0.0.0/8; deny all; alias DIR/intern/; }
    location /api { proxy_pass http://127.0.0.1:8000; client_max_body_size 1k; }
}
`

const appOfKeptSite = `
def app(environ, start_response):
    hands = environ["PATH_INFO"] == "/download"
    start_response("200 OK", [("X-Accel-Redirect", "/export/e.txt")] if hands else [])
    return [b"app"]
`

// What nginx gave to nobody, or not to everybody, a migrated site does not give either.
func TestMigratedSite(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"site.conf": strings.ReplaceAll(keptSite, "DIR", dir), "kept_site.py": appOfKeptSite}
	for _, name := range []string{
		"site/a.txt", "site/secret.txt", "site/private/p.txt", "site/export/e.txt", "site/drafts/d.txt", "site/notes/n.txt", "site/uploads/h.txt",
		"files/f.txt", "uploads/u.svg", "uploads/u.txt", "intern/i.txt",
	} {
		files[name] = "file"
	}
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	toml := filepath.Join(dir, "forebay.toml")
	out, err := forebayCommand(t, "migrate", filepath.Join(dir, "site.conf"), "-o", toml).CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = forebayCommand(t, "check", "-c", toml).CombinedOutput()
	require.NoError(t, err, "%s", out)

	s := startForebay(t, "-c", toml, "-w", "1", "--chdir", dir, "kept_site:app")
	for path, want := range map[string]reply{
		"/": {200, "app", nil}, "/a.txt": {200, "file", nil}, "/none": {200, "app", nil}, "/files/f.txt": {200, "file", nil}, "/download": {200, "file", nil},
		"/secret.txt": {200, "app", nil}, "/private/p.txt": {200, "app", nil}, "/export/e.txt": {200, "app", nil}, "/drafts/d.txt": {200, "app", nil},
		"/notes/n.txt": {200, "app", nil}, "/uploads/u.svg": {200, "app", nil}, "/uploads/u.txt": {200, "app", nil}, "/uploads/h.txt": {200, "app", nil},
		"//secret.txt": {200, "app", nil}, "/x/%2e%2e/secret.txt": {200, "app", nil},
	} {
		assert.Equal(t, want, await(t, begin(s.URL+path)), path)
	}
	assert.Equal(t, 403, await(t, begin(s.URL+"/intern/i.txt")).status)
	s.Stop()
}
