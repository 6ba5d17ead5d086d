package workers

import (
	"io"
	"os"
	"strconv"
	"strings"
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
	now  func(fd uintptr)      // the same, whatever it reports
	call uintptr               // its number

	b     []byte
	n     int
	errno syscall.Errno

	move   func(fd uintptr) // made once, too
	moving move
}

func newPipe(f *os.File, call uintptr) *pipe {
	p := &pipe{File: f, call: call}
	p.raw, _ = f.SyscallConn() // fails only for no file at all
	p.try, p.now, p.move = p.once, func(fd uintptr) { p.once(fd) }, p.moveOnce
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

// ReadNow is Read without the waiting: it returns 0 if nothing is there, and leaves errors to Read.
func (p *pipe) ReadNow(b []byte) int {
	p.b, p.n, p.errno = b, 0, 0
	err := p.raw.Control(p.now)
	p.b = nil
	if err != nil || p.errno != 0 {
		return 0
	}
	return p.n
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

// widen makes room for so many bytes in a pipe, and reports whether the system has allowed it.
func (p *pipe) widen(size int) (done bool) {
	err := p.raw.Control(func(fd uintptr) {
		_, err := unix.FcntlInt(fd, unix.F_SETPIPE_SZ, size)
		done = err == nil
	})
	return done && err == nil
}

// userPipes is how many bytes the pipes of a user may hold before new ones get hardly any room (pipe(7),
// pipe-user-pages-soft); 0 means that there is no bound, or that it is not known.
func userPipes() int64 {
	text, err := os.ReadFile("/proc/sys/fs/pipe-user-pages-soft")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
