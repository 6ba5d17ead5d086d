package proxy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAHeadComesWithTheFile: a client that waits is woken once, for the head and what follows it.
func TestAHeadComesWithTheFile(t *testing.T) {
	f, target := ofStatic(t, hole(t))
	b := make([]byte, 64<<10)
	for range 20 {
		c := f.dial().send("GET " + target + " HTTP/1.1\r\nHost: a\r\nRange: bytes=0-199999\r\n\r\n")
		n, err := c.Read(b)
		require.NoError(t, err)
		head, body, found := bytes.Cut(b[:n], endOfHead)
		require.True(t, found, "%q", head)
		assert.NotEmpty(t, body, "%q", head)
		require.NoError(t, c.Close())
	}
}

// TestASlowClientGetsNoMixture: what is on its way to a client are the pages of the file itself, and change with it.
func TestASlowClientGetsNoMixture(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(path string) error
		whole  bool
	}{
		"nothing":    {func(string) error { return nil }, true},
		"deleted":    {os.Remove, true},
		"shorter":    {func(path string) error { return os.Truncate(path, 64<<20-4<<10) }, false},
		"written to": {func(path string) error { return overwrite(path, 64<<20-64<<10) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := hole(t)
			announced, rest := begun(t, path)
			begun := time.Now()
			require.Eventually(t, func() bool { return time.Since(begun) > 2*longWait }, patience, longWait)
			// All but more than the client's own buffer, and less than the server's.
			n, err := io.CopyN(io.Discard, rest, announced-1-1<<20)
			require.NoError(t, err)
			require.NoError(t, tt.change(path))
			more, err := io.Copy(io.Discard, rest)
			require.NoError(t, err, "the connection ends")
			assert.Equal(t, tt.whole, 1+n+more == announced, "%d of %d", 1+n+more, announced)
		})
	}
}

// overwrite changes a file where it lies.
func overwrite(path string, offset int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte("another"), offset)
	return errors.Join(err, file.Close())
}
