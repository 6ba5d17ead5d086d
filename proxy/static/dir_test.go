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

	"forebay/proxy/rooted"
)

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
	files := serve(t, below("/static/", opened(t, root)))

	for target, want := range map[string]string{
		"/static/a":          "root/a",
		"/static/sub/b":      "root/sub/b",
		"/static/inside":     "root/a",
		"/static/sub/inside": "root/a",
		"/static/folder/b":   "root/sub/b",
	} {
		got := ask(t, files, "GET", target)
		assert.Equal(t, 200, got.StatusCode, target)
		assert.Equal(t, want, got.body, target)
	}
	for _, target := range []string{
		"/static/outside", "/static/parent/secret", "/static/roundabout", "/static/second", "/static/absolute",
		"/static/passwd", "/static/circle", "/static/dangling", "/static/folder", "/static/parent",
		"/static/a/b", "/static/" + strings.Repeat("n", 256),
	} {
		got := ask(t, files, "GET", target)
		assert.Equal(t, 404, got.StatusCode, target)
		require.NoError(t, got.err, target)
	}
}

func TestAFIFOIsRefusedWithoutWaiting(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "fifo.txt"), 0o600))
	files := serve(t, below("/static/", opened(t, root)))
	assert.Equal(t, 404, ask(t, files, "GET", "/static/fifo.txt").StatusCode)
	assert.Equal(t, 404, ask(t, files, "HEAD", "/static/fifo.txt").StatusCode)
}

func TestASocketIsRefused(t *testing.T) {
	root := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(root, "s"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	got := ask(t, serve(t, below("/static/", opened(t, root))), "GET", "/static/s")
	assert.Equal(t, 404, got.StatusCode)
	require.NoError(t, got.err)
}

func TestADeviceIsRefused(t *testing.T) {
	root := t.TempDir()
	const zero = 1<<8 | 5 // /dev/zero, which has no end
	if err := syscall.Mknod(filepath.Join(root, "zero"), syscall.S_IFCHR|0o666, zero); err != nil {
		t.Skip("making a device is refused here:", err)
	}
	assert.Equal(t, 404, ask(t, serve(t, below("/static/", opened(t, root))), "GET", "/static/zero").StatusCode)
}

func TestAnUnreadableFileIsForbidden(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), nil, 0o000))
	assert.Equal(t, 403, ask(t, serve(t, below("/static/", opened(t, root))), "GET", "/static/a").StatusCode)
}

func TestAfterCloseNothingIsServed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	root, err := rooted.Open(dir)
	require.NoError(t, err)
	require.NoError(t, root.Close())
	got := ask(t, serve(t, below("/static/", root)), "GET", "/static/a")
	assert.Equal(t, 500, got.StatusCode)
	assert.Error(t, got.err)
}
