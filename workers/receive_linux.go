package workers

import (
	"net"
	"os"
	"syscall"
	"unsafe"
)

// receiver reads a slot's socket with recvmsg, so that a descriptor sent along is never lost: a plain read would drop it.
// net.UnixConn could do it, but allocates an address for each call and enters the scheduler for a call that never blocks.
type receiver struct {
	raw  syscall.RawConn
	read func(fd uintptr) bool

	msg     syscall.Msghdr
	iov     syscall.Iovec
	control [32]byte // room for one descriptor: 24 bytes

	n     int
	errno syscall.Errno
}

func newReceiver(conn *net.UnixConn) (*receiver, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &receiver{raw: raw}
	r.read = r.try
	return r, nil
}

// receive reads what is there, up to len(p) bytes, waiting for the first by the connection's read deadline. n is 0 with
// a nil error at the end of the stream.
func (r *receiver) receive(p []byte) (n int, file *os.File, err error) {
	r.iov.Base = &p[0]
	r.iov.SetLen(len(p))
	if err := r.raw.Read(r.read); err != nil {
		return 0, nil, err
	}
	r.iov.Base = nil
	if r.errno != 0 {
		return 0, nil, os.NewSyscallError("recvmsg", r.errno)
	}
	if r.msg.Controllen > 0 {
		file = fileFrom(r.control[:r.msg.Controllen])
	}
	return r.n, file, nil
}

// try is called by the poller's lock on the descriptor; false asks to be called again when there is something to read.
func (r *receiver) try(fd uintptr) bool {
	r.msg = syscall.Msghdr{Iov: &r.iov, Iovlen: 1, Control: &r.control[0], Controllen: uint64(len(r.control))}
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&r.msg)),
			syscall.MSG_CMSG_CLOEXEC|syscall.MSG_DONTWAIT)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		r.n, r.errno = int(n), errno
		return true
	}
}
