package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal returns both ends of a pseudo-terminal: what a program writes to, and what a person sees.
func terminal(t *testing.T) (stream, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { _ = screen.Close() }) // only read from
	require.NoError(t, unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	stream, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = stream.Close() }) // it is a terminal
	require.NoError(t, unix.IoctlSetWinsize(int(stream.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 90}))
	return stream, screen
}

func TestCompressShowsProgressOnATerminal(t *testing.T) {
	stream, screen := terminal(t)
	assert.Equal(t, 90, columnsOf(stream))
	show, clearBar := newBar(stream, false)
	show(1, 2)
	clearBar()
	seen := make([]byte, 4096)
	n, err := screen.Read(seen)
	require.NoError(t, err)
	assert.Contains(t, string(seen[:n]), "compressing")

	show, _ = newBar(stream, true)
	assert.Nil(t, show, "nothing is shown to who wants it quiet")
	show, _ = newBar(&bytes.Buffer{}, false)
	assert.Nil(t, show, "a file is no terminal")
}
