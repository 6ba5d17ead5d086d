package proxy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peek looks for a byte without taking it. It does not block, so the scheduler is not told: see reactor.Socket.
func peek(fd uintptr) (int, error) {
	var b [1]byte
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
