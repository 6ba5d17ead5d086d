package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// siteOfNginx is a site with something of each kind.
const siteOfNginx = `upstream app { server unix:DIR/gunicorn.sock; }
server {
    listen 127.0.0.1:8080;
    proxy_read_timeout 90s;
    location /static/ { alias DIR/static/; expires 1h; }
    location / { proxy_pass http://app; }
}
`

const confOfGunicorn = `wsgi_app = "shop.wsgi"
bind = "unix:gunicorn.sock"
workers = 3
worker_class = "gthread"
threads = 4
timeout = 120
keepalive = 5
errorlog = "error.log"
cores = 2

def post_fork(server, worker):
    pass
`

// migrateIn runs forebay migrate in a directory with these two files.
func migrateIn(t *testing.T, args ...string) (outcome, string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "static"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "site"), []byte(strings.ReplaceAll(siteOfNginx, "DIR", dir)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gunicorn.conf.py"), []byte(confOfGunicorn), 0o600))
	t.Chdir(dir)
	return migrateHere(args...), dir
}

func migrateHere(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(append([]string{"migrate"}, args...), nil, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestMigrateWritesTheFile(t *testing.T) {
	got, dir := migrateIn(t, "site")
	assert.Equal(t, outcome{0, "forebay.toml: settings 2, tables 1, directives left as comments 2 (to be looked at first: 0)\n", ""}, got)
	reading, err := config.Read(config.Sources{Dir: dir})
	require.NoError(t, err)
	assert.Equal(t, []string{"127.0.0.1:8080"}, reading.Config.Proxy.Bind)
	assert.Equal(t, "/static/", reading.Config.Proxy.Static[0].Prefix)

	again := migrateHere("site")
	assert.Equal(t, outcome{exitStart, "", "forebay: forebay.toml is there already: name another file by --output, or - to see it, or say --force\n"}, again)
	assert.Equal(t, got, migrateHere("site", "--force"))
	require.NoError(t, os.Remove("static"))
	other := migrateHere("site", "-o", "other.toml")
	assert.Equal(t, exitOK, other.code)
	assert.Contains(t, other.stdout, "forebay check will say: other.toml:17: static: "+dir+"/static: there is no such directory\n")
}

// What nginx has said to clients counts before what gunicorn has said to nginx.
func TestMigrateOfBoth(t *testing.T) {
	got, dir := migrateIn(t, "--gunicorn", "gunicorn.conf.py", "site", "-o", "-")
	require.Equal(t, exitOK, got.code, got.stderr)
	golden(t, filepath.Join(testdata, "migrated.toml"), strings.ReplaceAll(got.stdout, dir, "/srv/shop"))

	require.NoError(t, os.WriteFile("forebay.toml", []byte(got.stdout), 0o600))
	reading, err := config.Read(config.Sources{Dir: dir})
	require.NoError(t, err)
	assert.Equal(t, "shop.wsgi", reading.Config.App.Spec)
	assert.Equal(t, 4, reading.Config.Workers.Threads)
}

func TestMigrateOfGunicornAlone(t *testing.T) {
	got, _ := migrateIn(t, "--gunicorn", "gunicorn.conf.py", "--output=-")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, line := range []string{
		"# Made by forebay migrate from gunicorn.conf.py.", "bind = [\"unix:gunicorn.sock\"]", "timeout = 120", "keep_alive = 5", "# gunicorn.conf.py:3: workers, as it came out on this machine",
		"#   gunicorn.conf.py:8: errorlog: forebay's own log goes to stderr",
	} {
		assert.Contains(t, got.stdout, line)
	}
	assert.NotContains(t, got.stdout, "cores")
}

func TestMigrateFaults(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "forebay: migrate wants a file: forebay migrate /etc/nginx/sites-enabled/shop, or --gunicorn gunicorn.conf.py\n"},
		"two files":          {[]string{"a", "b"}, "forebay: migrate wants one file of nginx's, not a and b; it reads those that this includes\n"},
		"an unknown option":  {[]string{"--sever", "x", "site"}, "forebay: migrate: unknown option --sever: did you mean --server?\n"},
		"no such file":       {[]string{"none"}, "forebay: none: no such file or directory\n"},
		"no such server":     {[]string{"site", "--server", "x"}, "forebay: site: no server block has the name x\n"},
		"no file of nginx's": {[]string{"gunicorn.conf.py"}, "forebay: gunicorn.conf.py:1: premature end of file\n"},
		"a directory":        {[]string{"--gunicorn", "static"}, "forebay: static: IsADirectoryError: [Errno 21] Is a directory: 'DIR/static' (run by PYTHON)\n"},
		"no gunicorn":        {[]string{"--gunicorn", "none.py"}, "forebay: read gunicorn's file: stat DIR/none.py: no such file or directory\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, dir := migrateIn(t, c.args...)
			assert.Equal(t, exitUsage, got.code)
			assert.Empty(t, got.stdout)
			assert.Equal(t, c.want, runBy.ReplaceAllString(strings.ReplaceAll(got.stderr, dir, "DIR"), "(run by PYTHON)"))
		})
	}
}

func TestMigrateIsLookedUpBeforeAnApplication(t *testing.T) {
	_, err := parseOptions([]string{"--workers", "2", "migrate", "site"})
	require.EqualError(t, err, "migrate stands first, and its options follow it: forebay migrate [options] [NGINX.CONF]")
	opts, err := parseOptions([]string{"migrate", "-h"})
	require.NoError(t, err)
	assert.Equal(t, commandHelp, opts.command)
}
