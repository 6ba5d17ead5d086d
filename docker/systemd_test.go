// Package docker has only tests: of the files below it, by the tools that read them.
package docker

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exposure is what systemd may find fault with, out of 100: forebay is for a network, and its application may make code.
const exposure = "20"

func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	service := copyUnit(t, dir, "forebay.service", "/srv/mysite/venv/bin/forebay", "/bin/true", "=mysite", "=daemon", "/srv/mysite", "/")
	socket := copyUnit(t, dir, "forebay.socket")
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	assert.Empty(t, run("verify", "--man=no", service, socket))
	run("security", "--offline=true", "--no-pager", "--threshold="+exposure, service)
}

// copyUnit copies a unit with what is for an example replaced by what every machine has: pairs of old and new.
func copyUnit(t *testing.T, dir, name string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("systemd", name))
	require.NoError(t, err)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, string(text), pairs[i])
		text = bytes.ReplaceAll(text, []byte(pairs[i]), []byte(pairs[i+1]))
	}
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}
