package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// punch makes a hole in a file. Where the file system has none the blocks stay until the file is closed.
func punch(f *os.File, at, n int64) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n)
	})
}
