package rooted

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/rooted/rootedtest"
)

func opened(t *testing.T, path string) *Root {
	t.Helper()
	root, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return root
}

func TestOnlyRegularFilesInsideAreOpened(t *testing.T) {
	dir := rootedtest.Links(t)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	root := opened(t, dir)

	for name, want := range rootedtest.Inside {
		file, info, err := root.OpenRegular(name)
		require.NoError(t, err, name)
		text, err := io.ReadAll(file)
		require.NoError(t, err, name)
		assert.Equal(t, want, string(text), name)
		assert.EqualValues(t, len(want), info.Size(), name)
		require.NoError(t, file.Close())
		stat, err := root.Stat(name)
		require.NoError(t, err)
		assert.True(t, os.SameFile(info, stat), name)
	}
	for _, name := range slices.Concat(rootedtest.Outside, []string{
		"folder", "sub", ".", "fifo", "socket", // other than regular files
		"none", "a/b", strings.Repeat("n", 256), strings.Repeat("n/", 2048) + "n",
	}) {
		_, _, err := root.OpenRegular(name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
	for _, name := range []string{"", "/a", "../secret", "sub/../a", "sub//b", "./a", "a/", "\xff"} {
		_, _, err := root.OpenRegular(name)
		require.ErrorIs(t, err, fs.ErrInvalid, name)
		_, err = root.Stat(name)
		require.ErrorIs(t, err, fs.ErrInvalid, name)
	}
	for _, name := range append([]string{"none", "a/b"}, rootedtest.Outside...) {
		_, err := root.Stat(name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
}

func TestADeviceIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	const zero = 1<<8 | 5 // /dev/zero, which has no end
	if err := syscall.Mknod(filepath.Join(dir, "zero"), syscall.S_IFCHR|0o666, zero); err != nil {
		t.Skip("making a device is refused here:", err)
	}
	_, _, err := opened(t, dir).OpenRegular("zero")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestAnUnreadableFileIsForbidden(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o000))
	_, _, err := opened(t, dir).OpenRegular("a")
	require.ErrorIs(t, err, fs.ErrPermission)
}

func TestARootIsAFileSystem(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("alpha"), 0o600))
	root := opened(t, dir)
	text, err := fs.ReadFile(root, "a")
	require.NoError(t, err)
	assert.Equal(t, "alpha", string(text))
	entries, err := fs.ReadDir(root, ".")
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	file, err := root.Open("none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Nil(t, file)
}

func TestOpenNamesWhatItDoesNotOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{file, file + "-gone"} {
		_, err := Open(path)
		require.ErrorContains(t, err, "open directory")
		require.ErrorContains(t, err, path)
	}
}

func TestAfterCloseNothingIsOpened(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	root, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, root.Close())
	_, _, err = root.OpenRegular("a")
	require.ErrorIs(t, err, os.ErrClosed)
	assert.NotErrorIs(t, err, fs.ErrNotExist)
}

func TestARootIsWhereItsPathLeads(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	release := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(path, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(path, "a"), []byte(text), 0o600))
		return path
	}
	read := func(root *Root) string {
		text, err := fs.ReadFile(root, "a")
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	moves := map[string]struct {
		before, after func()
		want          string
	}{
		"a link that is turned": {
			func() { require.NoError(t, os.Symlink(release("1", "first"), site)) },
			func() {
				require.NoError(t, os.Symlink(release("2", "second"), site+".new"))
				require.NoError(t, os.Rename(site+".new", site))
			}, "second",
		},
		"removed and made again": {
			func() { release("site", "first") },
			func() { require.NoError(t, os.RemoveAll(site)); release("site", "second") }, "second",
		},
		"removed": {
			func() { release("site", "first") }, func() { require.NoError(t, os.RemoveAll(site)) }, "open a: file does not exist",
		},
		"the same": {func() { release("site", "first") }, func() {}, "first"},
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(site))
			move.before()
			root := opened(t, site)
			require.Equal(t, "first", read(root))
			move.after()
			root.checked.Store(0)
			assert.Equal(t, move.want, read(root))
		})
	}
}

func TestAClosedRootIsNotOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	root, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, root.Close())
	_, err = root.Stat(".")
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestADirectoryThatIsExpected(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	root, err := Expect(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	_, err = root.Stat(".")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = root.Open("a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("alpha"), 0o600))
	root.checked.Store(0) // a second later
	text, err := fs.ReadFile(root, "a")
	require.NoError(t, err)
	assert.Equal(t, "alpha", string(text))

	never, err := Expect(filepath.Join(dir, "none"))
	require.NoError(t, err)
	require.NoError(t, never.Close())
	_, err = never.Open("a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Expect(filepath.Join(dir, "a"))
	require.Error(t, err, "it is a file")
}
