// Package rootedtest makes what tests of served directories need.
package rootedtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Inside are the names in a directory of Links that lead to files of it, each with what the file contains.
var Inside = map[string]string{
	"a": "root/a", "sub/b": "root/sub/b", "inside": "root/a", "sub/inside": "root/a", "folder/b": "root/sub/b",
}

// Outside are the names in a directory of Links that lead out of it or nowhere.
var Outside = []string{
	"outside", "parent", "parent/secret", "roundabout", "second", "absolute", "passwd", "circle", "dangling",
}

// Links makes a directory with files and symbolic links of all kinds, and a secret beside it that no name may lead to. It
// lasts as long as the test.
func Links(t testing.TB) (dir string) {
	t.Helper()
	outer := t.TempDir()
	dir = filepath.Join(outer, "root")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o700))
	for _, name := range []string{"secret", "root/a", "root/sub/b"} {
		require.NoError(t, os.WriteFile(filepath.Join(outer, name), []byte(name), 0o600))
	}
	for name, target := range map[string]string{
		"inside": "a", "sub/inside": "../a", "folder": "sub",
		"outside": "../secret", "parent": "..", "roundabout": "sub/../../secret", "second": "outside",
		"absolute": filepath.Join(dir, "a"), "passwd": "/etc/passwd", "circle": "circle", "dangling": "gone",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	return dir
}
