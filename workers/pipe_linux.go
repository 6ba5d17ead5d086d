package workers

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pipe is an end of a pipe, one goroutine at a time may read it or write to it. The system calls are not told to the
// scheduler: they are over before anybody else would be given the processor, and telling it, for each request several times,
// keeps the runtime's monitor awake all the time.
type pipe struct {
	*os.File
	raw  syscall.RawConn
	try  func(fd uintptr) bool // made once, as each would be allocated
	call uintptr               // its number

	b     []byte
	n     int
	errno syscall.Errno
}

func newPipe(f *os.File, call uintptr) *pipe {
	p := &pipe{File: f, call: call}
	p.raw, _ = f.SyscallConn() // fails only for no file at all
	p.try = p.once
	return p
}

func newIn(f *os.File) *pipe  { return newPipe(f, unix.SYS_READ) }
func newOut(f *os.File) *pipe { return newPipe(f, unix.SYS_WRITE) }

// once reports false where the other end has to be waited for.
func (p *pipe) once(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall(p.call, fd, uintptr(unsafe.Pointer(&p.b[0])), uintptr(len(p.b)))
		switch errno {
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			p.n, p.errno = int(n), errno
			return true
		}
	}
}

// Read is that of os.File.
func (p *pipe) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	p.b = b
	err := p.raw.Read(p.try)
	p.b = nil
	switch {
	case err != nil:
		return 0, err
	case p.errno != 0:
		return 0, os.NewSyscallError("read", p.errno)
	case p.n == 0:
		return 0, io.EOF
	}
	return p.n, nil
}

// Write is that of os.File.
func (p *pipe) Write(b []byte) (written int, err error) {
	for written < len(b) {
		p.b = b[written:]
		err := p.raw.Write(p.try)
		p.b = nil
		switch {
		case err != nil:
			return written, err
		case p.errno != 0:
			return written, os.NewSyscallError("write", p.errno)
		}
		written += p.n
	}
	return written, nil
}

// pipeRoom returns how many bytes an empty pipe takes at once: 64 KiB, but a page or two where a user has very many pipes
// (pipe(7), pipe-user-pages-soft).
func pipeRoom(pipe *os.File) int {
	room := 0
	raw, err := pipe.SyscallConn() // not Fd, which would take the pipe from the poller
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			if n, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil {
				room = n
			}
		})
	}
	if err != nil || room <= 0 {
		return leastPipeRoom
	}
	return room
}
