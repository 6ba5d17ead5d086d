package proxy

import (
	"bytes"
	"testing"

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
