// Package epoll makes epoll instances that the runtime's poller watches, so that no thread is held while nothing happens.
package epoll

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Open makes an instance. The caller closes the file; raw and fd are of it, and valid until then.
func Open() (file *os.File, raw syscall.RawConn, fd int, err error) {
	if fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, nil, 0, fmt.Errorf("make an epoll instance: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // os.NewFile asks for it, epoll itself does not
		_ = unix.Close(fd) // the error that counts is the other
		return nil, nil, 0, fmt.Errorf("make an epoll instance: %w", err)
	}
	file = os.NewFile(uintptr(fd), "epoll")
	if raw, err = file.SyscallConn(); err != nil {
		_ = file.Close() // the error that counts is the other
		return nil, nil, 0, fmt.Errorf("make an epoll instance: %w", err)
	}
	return file, raw, fd, nil
}
