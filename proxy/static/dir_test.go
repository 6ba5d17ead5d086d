package static

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mapped maps /static/ to a directory until the test ends.
func mapped(t *testing.T, path string) Mapping {
	t.Helper()
	fsys, closer, err := Dir(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closer.Close()) })
	return Mapping{"/static/", fsys}
}

func TestNothingLeadsOutOfTheDirectory(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "root")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "sub"), 0o700))
	write := func(name string) { require.NoError(t, os.WriteFile(filepath.Join(outer, name), []byte(name), 0o600)) }
	link := func(target, name string) { require.NoError(t, os.Symlink(target, filepath.Join(root, name))) }
	write("secret")
	write("root/a")
	write("root/sub/b")
	link("a", "inside")
	link("../a", "sub/inside")
	link("sub", "folder")
	link("../secret", "outside")
	link("..", "parent")
	link("sub/../../secret", "roundabout")
	link("outside", "second")
	link(filepath.Join(root, "a"), "absolute")
	link("/etc/passwd", "passwd")
	link("circle", "circle")
	link("gone", "dangling")
	addr := serve(t, mapped(t, root))

	for target, want := range map[string]string{
		"/static/a":          "root/a",
		"/static/sub/b":      "root/sub/b",
		"/static/inside":     "root/a",
		"/static/sub/inside": "root/a",
		"/static/folder/b":   "root/sub/b",
	} {
		got := ask(t, addr, "GET", target)
		assert.Equal(t, 200, got.StatusCode, target)
		assert.Equal(t, want, got.body, target)
	}
	for _, target := range []string{
		"/static/outside", "/static/parent/secret", "/static/roundabout", "/static/second", "/static/absolute",
		"/static/passwd", "/static/circle", "/static/dangling", "/static/folder", "/static/parent",
		"/static/a/b", "/static/" + strings.Repeat("n", 256),
	} {
		got := ask(t, addr, "GET", target)
		assert.Equal(t, 404, got.StatusCode, target)
		assert.Empty(t, got.Header.Get(faultField), target)
	}
}

func TestAFIFOIsRefusedWithoutWaiting(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "fifo.txt"), 0o600))
	addr := serve(t, mapped(t, root))
	assert.Equal(t, 404, ask(t, addr, "GET", "/static/fifo.txt").StatusCode)
	assert.Equal(t, 404, ask(t, addr, "HEAD", "/static/fifo.txt").StatusCode)
}

func TestASocketIsRefused(t *testing.T) {
	root := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(root, "s"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	got := ask(t, serve(t, mapped(t, root)), "GET", "/static/s")
	assert.Equal(t, 404, got.StatusCode)
	assert.Empty(t, got.Header.Get(faultField))
}

func TestADeviceIsRefused(t *testing.T) {
	root := t.TempDir()
	const zero = 1<<8 | 5 // /dev/zero, which has no end
	if err := syscall.Mknod(filepath.Join(root, "zero"), syscall.S_IFCHR|0o666, zero); err != nil {
		t.Skip("making a device is refused here:", err)
	}
	assert.Equal(t, 404, ask(t, serve(t, mapped(t, root)), "GET", "/static/zero").StatusCode)
}

func TestAnUnreadableFileIsForbidden(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), nil, 0o000))
	assert.Equal(t, 403, ask(t, serve(t, mapped(t, root)), "GET", "/static/a").StatusCode)
}

func TestDirNamesWhatItDoesNotOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{file, file + "-gone"} {
		_, _, err := Dir(path)
		require.ErrorContains(t, err, "open directory")
		require.ErrorContains(t, err, path)
	}
}

func TestAfterCloseNothingIsServed(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), nil, 0o600))
	fsys, closer, err := Dir(root)
	require.NoError(t, err)
	require.NoError(t, closer.Close())
	got := ask(t, serve(t, Mapping{"/", fsys}), "GET", "/a")
	assert.Equal(t, 500, got.StatusCode)
	assert.NotEmpty(t, got.Header.Get(faultField))
}
