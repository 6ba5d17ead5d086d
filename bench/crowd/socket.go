package crowd

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
)

// dial begins to connect and does not wait. The socket is the system's own: a net.Conn and a goroutine for each of some
// thousand clients would take more of the machine than the clients do.
func dial(from netip.Addr, to netip.AddrPort, window int) (fd int, err error) {
	// A child that is forked between socket and CloseOnExec would inherit it.
	syscall.ForkLock.RLock()
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = connect(fd, from, to, window); err != nil {
		_ = syscall.Close(fd) // the error that counts is the other
		return -1, err
	}
	return fd, nil
}

// segment is the largest segment on an Ethernet. The loopback interface has larger ones, and Linux makes a sender's buffer
// as large as twenty of them: 2.6 MB, in which it would hide from the server that its client does not read.
const segment = 1460

func connect(fd int, from netip.Addr, to netip.AddrPort, window int) error {
	if err := syscall.SetNonblock(fd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	// Before the connection is made, as the first segment says it (tcp(7)).
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, segment); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if window > 0 {
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, window); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if from.IsValid() {
		if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: from.As4()}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// connected reports whether the connection is made, and an error if it will never be.
func connected(fd int) (bool, error) {
	if _, err := syscall.Getpeername(fd); err == nil {
		return true, nil
	}
	code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil {
		return false, os.NewSyscallError("getsockopt", err)
	}
	if code != 0 {
		return false, os.NewSyscallError("connect", syscall.Errno(code))
	}
	return false, nil
}

// abort ends a connection with a reset, so that nothing of it stays behind: thousands of ports in TIME_WAIT would be
// missing in the next round.
func abort(fd int) {
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}) // fails only on a bad descriptor
	_ = syscall.Close(fd)                                                                              // its descriptor is gone in any case
}

// later reports whether a call has only to be made again.
func later(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
}
