package main_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// listenFile opens a socket as a service manager does, and returns its address and its file.
func listenFile(t *testing.T) (string, *os.File) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() }) // others listen on it, too
	file, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() }) // as above
	return ln.Addr().String(), file
}

// notifySocket is where sd_notify(3) sends to, and what was sent, a line each.
func notifySocket(t *testing.T) (*output, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // nobody sends any more
	said := newOutput()
	go func() { // ends when the socket is closed
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			_, _ = said.Write(append(b[:n], '\n')) // never fails
		}
	}()
	return said, path
}
