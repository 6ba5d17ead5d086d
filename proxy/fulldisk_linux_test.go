package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/config"
)

// TestAFullDisk: who needs more room than there is gets a 507, and all others go on: those whose bodies lie on the disk
// already, those whose bodies fit in memory, and as soon as there is room again everybody.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("it takes root to make a file system:", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(dir, 0), "something in it is still open") })
	app := &application{}
	f := startFront(t, app, bySocket(t), func(cfg *config.Proxy) { cfg.TempDir, cfg.BodyMemory = dir, 100 }).hasten(time.Millisecond)
	const size = 100 << 10
	body := strings.Repeat("x", size)
	first := f.dial().send(fmt.Sprintf("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size) + body[:size-1])
	first.rests(f, 1)

	large := strings.Repeat("y", 1<<20)
	for name, request := range map[string]string{
		"length": withLength(large),
		"chunks": fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(large), large),
	} {
		c := f.dial()
		go func() { _, _ = c.Write([]byte(request)) }() // ends when all is sent, or the connection is closed
		answer := c.next("POST")
		require.NoError(t, answer.err, name)
		assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode, name)
		assert.Regexp(t, "request body not stored.*no space left on device", f.log.String())
		assert.Equal(t, http.StatusOK, f.dial().ask(withLength("in memory")).StatusCode, name)
		require.NoError(t, c.Close())
	}
	assert.Equal(t, http.StatusOK, first.ask(body[size-1:]).StatusCode)
	assert.Equal(t, http.StatusOK, f.dial().ask(withLength(body)).StatusCode, "the room of the others is free again")
	seen := app.seen()
	require.Len(t, seen, 4)
	assert.Equal(t, body, string(seen[2].body))
	assert.Equal(t, body, string(seen[3].body))
}
