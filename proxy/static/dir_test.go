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
	"forebay/proxy/rooted/rootedtest"
)

func TestNothingLeadsOutOfTheDirectory(t *testing.T) {
	files := serve(t, below("/static/", opened(t, rootedtest.Links(t))))
	for name, want := range rootedtest.Inside {
		got := ask(t, files, "GET", "/static/"+name)
		assert.Equal(t, 200, got.StatusCode, name)
		assert.Equal(t, want, got.body, name)
	}
	for _, name := range append([]string{"folder", "a/b", strings.Repeat("n", 256)}, rootedtest.Outside...) {
		got := ask(t, files, "GET", "/static/"+name)
		assert.Equal(t, 404, got.StatusCode, name)
		require.NoError(t, got.err, name)
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
