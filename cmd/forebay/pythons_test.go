package main_test

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pythons are the interpreters of this machine by version.
func pythons(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(run(t, exec.CommandContext(t.Context(), "../../.ci/pythons"))) {
		version, path, ok := strings.Cut(strings.TrimSpace(line), "\t")
		require.True(t, ok, line)
		found[version] = path
	}
	return found
}

// venvs are the interpreters that have Django, Flask and requests, by version: those of the virtual environments that
// TEST_FOREBAY_VENVS lists, or else of those that "make test" made.
func venvs(t *testing.T) map[string]string {
	t.Helper()
	dirs := filepath.SplitList(os.Getenv("TEST_FOREBAY_VENVS"))
	if len(dirs) == 0 {
		var err error
		dirs, err = filepath.Glob("../../.cache/venvs/*")
		require.NoError(t, err)
	}
	if len(dirs) == 0 {
		t.Skip(`no virtual environment is prepared: run "make venvs"`)
	}
	found := map[string]string{}
	for _, dir := range dirs {
		path, err := filepath.Abs(filepath.Join(dir, "bin", "python"))
		require.NoError(t, err)
		require.FileExists(t, path)
		found[filepath.Base(dir)] = path
	}
	return found
}

// outermost are the oldest and the newest of some Pythons.
func outermost(all map[string]string) map[string]string {
	versions := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	oldest, newest := versions[0], versions[len(versions)-1]
	return map[string]string{oldest: all[oldest], newest: all[newest]}
}

func TestPythons(t *testing.T) {
	found := pythons(t)
	require.NotEmpty(t, found, "no Python from 3.9 up")
	for version, path := range found {
		t.Run(version, func(t *testing.T) {
			s := startForebay(t, "--python", path, "--chdir", "testdata", "-w", "2", "--threads", "2",
				"-e", "PYTHONDONTWRITEBYTECODE=1", "tiny")
			b := newBrowser(t, s.URL)

			hello := b.get(t, "/version")
			assert.Equal(t, http.StatusOK, hello.Status)
			assert.Equal(t, strings.TrimSuffix(version, "t"), hello.Body)

			// Below and above what is held in memory.
			for _, size := range []int{0, 1, 100_000, 1_000_000} {
				body := bytes.Repeat([]byte{0, 'a', 0xff, '\n'}, size/4+1)[:size]
				echo := b.do(t, http.MethodPost, "/echo", map[string]string{"Content-Type": "text/x"}, bytes.NewReader(body))
				assert.Equal(t, http.StatusOK, echo.Status)
				assert.Equal(t, "text/x", echo.Header.Get("Content-Type"))
				assert.Equal(t, hexDigest(body), hexDigest([]byte(echo.Body)), "%d bytes came back as %d", size, len(echo.Body))
			}

			status := b.do(t, http.MethodDelete, "/status/418?a=%20b", nil, nil)
			assert.Equal(t, http.StatusTeapot, status.Status)
			assert.Equal(t, "DELETE a=%20b", status.Body)
			s.Stop()
		})
	}
}
