package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what commands print into the files that it is compared with")

// testdata is where the files lie, wherever a test goes.
var testdata, _ = filepath.Abs("testdata")

// runBy is what depends on the machine in a fault of such a file.
var runBy = regexp.MustCompile(`\(run by [^)]*\)`)

// golden compares what a command has printed with a file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if that is right: go test ./cmd/forebay -run %s -update", t.Name())
}

// checkIn runs forebay check in a directory.
func checkIn(t *testing.T, dir string, environ []string, args ...string) outcome {
	t.Helper()
	t.Chdir(dir)
	var stdout, stderr bytes.Buffer
	code := run(append([]string{"check"}, args...), environ, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// TestGunicornsFiles: each file in testdata/gunicorn is in the style of some project's, and beside it stands what forebay
// makes of it.
func TestGunicornsFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/gunicorn/*.py")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 12)
	dir := filepath.Join(testdata, "gunicorn")
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".py"), func(t *testing.T) {
			clearGunicorns(t)
			got := checkIn(t, dir, nil, "--print", "--from-gunicorn", name)
			text := strings.ReplaceAll(inheritedRows(got.stdout)+got.stderr, dir, "DIR")
			text = runBy.ReplaceAllString(text, "(run by PYTHON)")
			if name == "cpus.py" {
				text = regexp.MustCompile(`(workers +)\d*[13579] `).ReplaceAllString(text, "${1}2n+1 ")
			}
			golden(t, filepath.Join(dir, strings.TrimSuffix(name, ".py")+".txt"), fmt.Sprintf("exit %d\n", got.code)+text)
		})
	}
}

// inheritedRows leaves out the values that are as they would be without the file.
func inheritedRows(text string) string {
	text = regexp.MustCompile(`(?m)^\S+ .*  (default|--from-gunicorn)\n`).ReplaceAllString(text, "")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(text, "  ") // how wide a table is depends on where we are
}

// clearGunicorns takes what such files look at out of the environment.
func clearGunicorns(t *testing.T) {
	t.Helper()
	for _, name := range []string{"PORT", "WEB_CONCURRENCY", "HOST", "LOG_LEVEL", "TIMEOUT", "DEBUG"} {
		t.Setenv(name, "") // which brings back what it was
		require.NoError(t, os.Unsetenv(name))
	}
}

func TestGunicornsFileThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"broken":                  {"workers = 2\nbind = [", `forebay: gunicorn.conf.py:2: SyntaxError: .* \(run by .*\)\n`},
		"without what it needs":   {"\nimport nothing_here\n", `forebay: gunicorn.conf.py:2: ModuleNotFoundError: No module named 'nothing_here' \(run by .*\)\n`},
		"ends the process":        {"import os\nos._exit(3)\n", `forebay: from_gunicorn \(--from-gunicorn\): ask .*: no answer: exit status 3\n`},
		"for no WSGI":             {"worker_class = 'asgi'", `forebay: gunicorn.conf.py:1: worker_class: asgi is not for WSGI: forebay runs WSGI applications only\n`},
		"of a wrong type":         {"workers = []\nbind = {}\ntimeout = 'x'", `forebay: gunicorn.conf.py:1: workers: want one value, not an array\nforebay: gunicorn.conf.py:2: bind: .*\nforebay: gunicorn.conf.py:3: timeout: want a duration .*\n`},
		"does not go with ours":   {"limit_request_field_size = 65535", `forebay: gunicorn.conf.py:1: limit_request_field_size: want at most head_size \(32768\), not 65535\n`},
		"names what is not there": {"chdir = '/no/such/place'", `forebay: gunicorn.conf.py:1: chdir: /no/such/place: there is no such directory\n`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "gunicorn.conf.py"), []byte(c.text), 0o600))
			got := checkIn(t, dir, nil, "--from-gunicorn", "gunicorn.conf.py")
			assert.Equal(t, exitUsage, got.code)
			assert.Regexp(t, "^"+c.want+"$", got.stderr)
		})
	}
	got := checkIn(t, t.TempDir(), nil, "--from-gunicorn", "gunicorn.conf.py")
	assert.Regexp(t, `^forebay: from_gunicorn \(--from-gunicorn\): .*gunicorn.conf.py: there is no such file\n$`, got.stderr)
}

// Without an application that gunicorn served, the demo application is not what is wanted.
func TestGunicornsFileWantsAnApplication(t *testing.T) {
	got := runIn(t, "from_gunicorn = '/dev/null'\n", nil)
	assert.Equal(t, outcome{exitUsage, "", "forebay: want an application: /dev/null has no wsgi_app, so name it as gunicorn's command line does: " +
		"forebay --from-gunicorn /dev/null MODULE:CALLABLE\n"}, got)
}

func TestStrongerLayersBeatGunicornsFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gunicorn.conf.py"), []byte("workers = 2\nthreads = 3\ntimeout = 4\nbacklog = 5\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "forebay.toml"), []byte("from_gunicorn = 'gunicorn.conf.py'\nthreads = 30\ntimeout = 40\nbacklog = 50\n"), 0o600))
	got := checkIn(t, dir, []string{"FOREBAY_TIMEOUT=400", "FOREBAY_BACKLOG=500"}, "--print", "--backlog", "5000")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, row := range []string{
		`workers +2 +gunicorn.conf.py:1`, `threads +30 +forebay.toml:2`, `timeout +6m40s +FOREBAY_TIMEOUT`, `backlog +5000 +--backlog`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
	assert.Contains(t, got.stdout, "taken from gunicorn.conf.py: backlog (but --backlog says otherwise), workers, "+
		"threads (but forebay.toml:2 says otherwise), timeout (but FOREBAY_TIMEOUT says otherwise)\n")
	assert.NotContains(t, got.stdout, "note: ", "threads are said")
}

// What gunicorn takes from the environment where its file says nothing.
func TestVariablesOfGunicorns(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf.py"), nil, 0o600))
	environ := []string{"PORT=5000", "WEB_CONCURRENCY=3", "FORWARDED_ALLOW_IPS=10.0.0.1, 10.0.0.2", "SCRIPT_NAME=/shop", "GUNICORN_CMD_ARGS=-w 9"}
	got := checkIn(t, dir, environ, "--print", "--from-gunicorn", "conf.py")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, row := range []string{
		`bind +0.0.0.0:5000 +PORT`, `workers +3 +WEB_CONCURRENCY`, `forwarded_allow_ips +10.0.0.1,10.0.0.2 +FORWARDED_ALLOW_IPS`,
		`script_name +/shop +SCRIPT_NAME`, `ignored: GUNICORN_CMD_ARGS: it is gunicorn's command line; .*`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
	got = checkIn(t, dir, environ, "--print")
	assert.Regexp(t, `(?m)^bind +127.0.0.1:8000 +default$`, got.stdout, "they are gunicorn's")
}

func TestCheckTellsOfAFileThatGunicornWouldRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gunicorn.conf.py"), []byte("workers = 2\n"), 0o600))
	got := checkIn(t, dir, nil)
	assert.Equal(t, outcome{0, "not read: gunicorn.conf.py, unless it is named: --from-gunicorn gunicorn.conf.py\nconfiguration is fine\n", ""}, got)
	got = checkIn(t, dir, nil, "--from-gunicorn", "gunicorn.conf.py")
	assert.NotContains(t, got.stdout, "not read")
}

// gunicorn chdirs before it opens anything.
func TestPathsInGunicornsFile(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	require.NoError(t, os.Mkdir(site, 0o700))
	conf := "import os\nfrom local import name as proc_name\nprint('loading')\nchdir = 'site'\npidfile = 'a.pid'\nbind = 'unix:a.sock'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf.py"), []byte(conf), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "local.py"), []byte("name = 'shop'\n"), 0o600))
	got := checkIn(t, dir, nil, "--print", "--from-gunicorn", "conf.py")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, row := range []string{
		`chdir +` + site + ` +conf.py:4`, `pid +` + site + `/a.pid +conf.py:5`, `bind +unix:` + site + `/a.sock +conf.py:6`, `name +shop +conf.py`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
	assert.Equal(t, "loading\n", got.stderr, "what it prints is not our output")
}
