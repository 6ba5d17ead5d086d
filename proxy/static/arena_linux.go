package static

import (
	"os"

	"golang.org/x/sys/unix"
)

// newArena makes an arena that the caller holds, or returns nil where there is none to be had.
func newArena() *arena {
	fd, err := unix.MemfdCreate("static files", unix.MFD_CLOEXEC)
	if err != nil {
		return nil // contents are kept in our own memory
	}
	a := &arena{file: os.NewFile(uintptr(fd), "static files")}
	a.hold()
	return a
}

// punch gives the memory of a place back to the kernel.
func (a *arena) punch(r room) {
	_ = unix.Fallocate(int(a.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, r.offset, r.size) // fails for no place that exists
}
