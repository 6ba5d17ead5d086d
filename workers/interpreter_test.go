package workers

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program writes an executable shell script.
func program(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return path
}

func TestFindPython(t *testing.T) {
	dir, elsewhere, bin := t.TempDir(), t.TempDir(), t.TempDir()
	active := program(t, filepath.Join(elsewhere, "bin", "python3"), "")
	dotVenv := program(t, filepath.Join(dir, ".venv", "bin", "python3"), "")
	venv := program(t, filepath.Join(dir, "venv", "bin", "python3"), "")
	onPath := program(t, filepath.Join(bin, "python3"), "")
	own := program(t, filepath.Join(bin, "my-python"), "")
	plain := filepath.Join(bin, "plain-file")
	require.NoError(t, os.WriteFile(plain, nil, 0o644))
	t.Setenv("PATH", bin)

	find := func(asked, virtualEnv string) string {
		t.Helper()
		path, err := FindPython(asked, []string{"", virtualEnv}, dir)
		require.NoError(t, err)
		return path
	}
	assert.Equal(t, own, find(own, elsewhere), "the one asked for, by its path")
	assert.Equal(t, own, find("my-python", elsewhere), "the one asked for, by its name")
	assert.Equal(t, active, find("", elsewhere))
	assert.Equal(t, dotVenv, find("", ""))
	assert.Equal(t, dotVenv, find("", filepath.Join(dir, "nothing-here")), "an environment that is gone")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, ".venv")))
	assert.Equal(t, venv, find("", ""))
	require.NoError(t, os.Remove(venv))
	assert.Equal(t, onPath, find("", ""))

	// A virtual environment is known by the path of its link: Python looks for pyvenv.cfg beside it.
	require.NoError(t, os.Symlink(own, venv))
	assert.Equal(t, venv, find("", ""))
	require.NoError(t, os.Remove(venv))

	var none *PythonError
	for name, asked := range map[string]string{"missing": "/no/such/python", "not to be run": plain, "no such name": "python9"} {
		_, err := FindPython(asked, []string{elsewhere}, dir)
		require.ErrorAs(t, err, &none, name)
		assert.Equal(t, []string{asked}, none.Tried, name)
	}
	require.NoError(t, os.Remove(onPath))
	_, err := FindPython("", []string{filepath.Join(dir, "gone")}, dir)
	require.ErrorAs(t, err, &none)
	assert.Equal(t, []string{filepath.Join(dir, "gone", "bin", "python3"), dotVenv, venv, "python3"}, none.Tried)
}

func TestFindPythonOfARelativePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	want := program(t, filepath.Join(dir, "env", "bin", "python"), "")
	path, err := FindPython("env/bin/python", nil, "/")
	require.NoError(t, err)
	assert.Equal(t, want, path, "the worker starts in another directory")
}

func TestProbe(t *testing.T) {
	cases := map[string]struct{ script, reason string }{
		"new enough": {"echo 3 9", ""},
		"of the far": {"echo 4 0", ""},
		"too old":    {"echo 3 8", "it is Python 3.8, and 3.9 is the oldest that works"},
		"ancient":    {"echo 2 7", "it is Python 2.7, and 3.9 is the oldest that works"},
		"no Python":  {"echo hello", `it does not answer like Python: "hello\n"`},
		"silent":     {"", `it does not answer like Python: ""`},
		"broken":     {"echo first >&2; echo no libpython >&2; exit 127", "running it: exit status 127: no libpython"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := program(t, filepath.Join(t.TempDir(), "python"), c.script)
			err := Probe(t.Context(), path)
			if c.reason == "" {
				assert.NoError(t, err)
				return
			}
			var unusable *PythonError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, &PythonError{Tried: []string{path}, Reason: c.reason}, unusable)
		})
	}
}

func TestInstalledIn(t *testing.T) {
	venv, elsewhere := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(venv, "pyvenv.cfg"), nil, 0o600))
	installed := program(t, filepath.Join(venv, "bin", "forebay"), "")
	assert.Equal(t, venv, InstalledIn(installed))
	t.Setenv("PATH", filepath.Join(venv, "bin"))
	assert.Equal(t, venv, InstalledIn("forebay"), "found by the PATH")
	t.Chdir(venv)
	t.Setenv("PATH", elsewhere)
	assert.Equal(t, venv, InstalledIn("bin/forebay"), "called by a relative path")

	link := filepath.Join(elsewhere, "forebay")
	require.NoError(t, os.Symlink(installed, link))
	assert.Empty(t, InstalledIn(link), "a link that pipx has made")
	assert.Empty(t, InstalledIn(program(t, filepath.Join(elsewhere, "bin", "forebay"), "")), "no virtual environment")
	assert.Empty(t, InstalledIn("nothing-of-that-name"))
}
