package reactor

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Socket is a client's connection. It is read, written and closed by one goroutine at a time, which owns it; deadlines may
// be set, and Control of its RawConn called, by any.
type Socket struct {
	// Guest is served. It is set by what Listen was given, before anything is served.
	Guest Guest

	fd     int
	loop   *loop
	lead   Lead           // what the goroutine that serves it does for others besides; nil: nothing, or not any more
	remote netip.AddrPort // invalid for a unix socket's peer
	local  netip.AddrPort

	drained bool // nothing can have been left by the last read, as far as that told

	// Guarded by the loop's mutex.
	closed   bool
	hung     bool   // the client has closed its side
	watched  uint32 // the events that epoll knows of; 0: it does not know the socket
	watch    int32  // which of the loop's registrations it is, as epoll tells it
	place    place  // among those that rest
	incoming gate
	outgoing gate
}

var (
	_ net.Conn     = (*Socket)(nil)
	_ syscall.Conn = (*Socket)(nil)
)

// Leave is called before something that may take long, or wait: another goroutine goes on with the lead. A nil socket has
// none.
func (s *Socket) Leave() {
	if s == nil {
		return
	}
	if lead := s.lead; lead != nil {
		s.lead = nil
		lead.Leave()
	}
}

// Lead says what the goroutine that serves the socket from now on does for others besides, or nil.
func (s *Socket) Lead(lead Lead) { s.lead = lead }

// Hung reports whether the client has closed its side, as far as the loop has heard. known is false while the loop would not
// hear of it: then a look at the socket tells, at the price of a system call. It may be called by any goroutine.
func (s *Socket) Hung() (hung, known bool) {
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	return s.hung, s.watched != 0 && !s.loop.closed
}

// Quiet reports whether the client is likely to have sent nothing more than what was read.
func (s *Socket) Quiet() bool { return s.drained }

// Stir has the next read look for more, whatever the last one told.
func (s *Socket) Stir() { s.drained = false }

// Rest gives the socket up until the client sends something, or leaves: then its guest is served. If that takes longer than
// stay from now on, the guest is told that it is silent. It reports false if there is something already, or if nothing rests
// any more; then the socket stays the caller's.
func (s *Socket) Rest(now time.Time, stay time.Duration) bool {
	lead := s.lead
	s.lead = nil // after it another goroutine may have it at any moment
	if s.loop.rest(s, now, stay) {
		return true
	}
	s.lead, s.drained = lead, false
	return false
}

// Read reads what the client has sent. It waits for it until the read deadline.
func (s *Socket) Read(p []byte) (int, error) {
	for {
		n, err := s.ReadNow(p)
		if !errors.Is(err, unix.EAGAIN) {
			return n, err
		}
		if err := s.wait(&s.incoming); err != nil {
			return 0, err
		}
	}
}

// ReadNow is Read without the waiting: the error is EAGAIN if nothing is there.
func (s *Socket) ReadNow(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		// Without telling the scheduler, as it is over before anybody else would be given our processor.
		r, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		n := int(r)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			s.drained = true
			return 0, unix.EAGAIN
		case errno != 0:
			return 0, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, io.EOF
		default:
			s.drained = n < len(p)
			return n, nil
		}
	}
}

// Write sends all of p. It waits until the client takes it, and until the write deadline: n tells how much was sent.
func (s *Socket) Write(p []byte) (n int, err error) { return s.write(p, unix.MSG_NOSIGNAL) }

// WriteMore is Write for what something follows that it may go together with.
func (s *Socket) WriteMore(p []byte) (n int, err error) {
	return s.write(p, unix.MSG_NOSIGNAL|unix.MSG_MORE)
}

// SendPages is unix.Sendfile for a file that lies in memory.
func SendPages(to, from int, offset *int64, count int) (int, error) {
	// Without telling the scheduler: see brief.
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDFILE, uintptr(to), uintptr(from), uintptr(unsafe.Pointer(offset)), uintptr(min(count, brief)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// AwaitRoom waits until the client has taken some of what was sent, and until the write deadline.
func (s *Socket) AwaitRoom() error { return s.wait(&s.outgoing) }

func (s *Socket) write(p []byte, flags uintptr) (n int, err error) {
	for n < len(p) {
		sent, errno := s.send(p[n:], flags)
		switch {
		case errno == 0:
			n += sent
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			if err := s.wait(&s.outgoing); err != nil {
				return n, err
			}
		default:
			return n, os.NewSyscallError("send", errno)
		}
	}
	return n, nil
}

// brief is how much is sent without telling the scheduler: it is over before anybody else would be given our processor.
const brief = 64 << 10

func (s *Socket) send(p []byte, flags uintptr) (int, syscall.Errno) {
	var r uintptr
	var errno syscall.Errno
	if len(p) <= brief {
		r, _, errno = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
	} else {
		r, _, errno = syscall.Syscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
	}
	return int(r), errno
}

// WriteBuffers sends all parts, in one system call if the client takes them, and removes from parts what it has sent. It
// waits as Write does.
func (s *Socket) WriteBuffers(parts *net.Buffers) (total int64, err error) {
	for {
		n, err := s.WriteNow(parts, false)
		total += n
		if err != nil || len(*parts) == 0 {
			return total, err
		}
		if err := s.wait(&s.outgoing); err != nil {
			return total, err
		}
	}
}

// WriteNow is WriteBuffers without the waiting: if parts are left the client does not take them now. more says that
// something follows that they may go together with.
func (s *Socket) WriteNow(parts *net.Buffers, more bool) (total int64, err error) {
	flags := unix.MSG_NOSIGNAL
	if more {
		flags |= unix.MSG_MORE
	}
	for len(*parts) > 0 {
		n, errno := s.sendParts(*parts, flags)
		switch errno {
		case 0:
			total += int64(n)
			consume(parts, n)
		case unix.EINTR:
		case unix.EAGAIN:
			return total, nil
		default:
			return total, os.NewSyscallError("sendmsg", errno)
		}
	}
	return total, nil
}

// vectors is how many parts are sent by one system call.
const vectors = 8

// sendParts sends the first of the parts. It is not unix.SendmsgBuffers, which tells the scheduler each time: while a
// server idles between requests that wakes its monitor, which then looks around every 20 µs for as long as one runs.
func (s *Socket) sendParts(parts [][]byte, flags int) (int, syscall.Errno) {
	var memory [vectors]unix.Iovec
	iov, size := memory[:0], 0
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if len(iov) == vectors {
			flags |= unix.MSG_MORE
			break
		}
		v := unix.Iovec{Base: &p[0]}
		v.SetLen(len(p))
		iov, size = append(iov, v), size+len(p)
	}
	if len(iov) == 0 {
		return 0, 0
	}
	message := unix.Msghdr{Iov: &iov[0]}
	message.SetIovlen(len(iov))
	var n uintptr
	var errno syscall.Errno
	if size <= brief {
		n, _, errno = syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&message)), uintptr(flags))
	} else {
		n, _, errno = syscall.Syscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&message)), uintptr(flags))
	}
	return int(n), errno
}

// consume removes the first n bytes of the parts, and the empty ones before and behind them.
func consume(parts *net.Buffers, n int) {
	rest := *parts
	for len(rest) > 0 && n >= len(rest[0]) {
		n -= len(rest[0])
		rest = rest[1:]
	}
	if n > 0 {
		rest[0] = rest[0][n:]
	}
	*parts = rest
}

// Close closes the connection. What waits for it ends with net.ErrClosed. Only the goroutine that owns the socket calls it.
func (s *Socket) Close() error {
	if !s.loop.remove(s) {
		return net.ErrClosed
	}
	return os.NewSyscallError("close", closeFD(s.fd))
}

func closeFD(fd int) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// CloseWrite tells the client that nothing more comes.
func (s *Socket) CloseWrite() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(s.fd, unix.SHUT_WR))
}

// SetLinger is that of net.TCPConn.
func (s *Socket) SetLinger(seconds int) error {
	linger := unix.Linger{Onoff: 1, Linger: int32(seconds)}
	if seconds < 0 {
		linger.Onoff = 0
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &linger))
}

// SetDeadline sets both deadlines.
func (s *Socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline sets when waiting for the client to send something ends with os.ErrDeadlineExceeded. The zero time is
// never.
func (s *Socket) SetReadDeadline(t time.Time) error { return s.loop.setDeadline(s, &s.incoming, t) }

// SetWriteDeadline sets when waiting for the client to take something ends with os.ErrDeadlineExceeded. The zero time is
// never.
func (s *Socket) SetWriteDeadline(t time.Time) error { return s.loop.setDeadline(s, &s.outgoing, t) }

// Remote returns the client's address, and Local ours. They are invalid for a unix socket.
func (s *Socket) Remote() netip.AddrPort { return s.remote }

// Local returns our address.
func (s *Socket) Local() netip.AddrPort { return s.local }

// RemoteAddr returns the client's address for people to read.
func (s *Socket) RemoteAddr() net.Addr { return netAddr(s.remote) }

// LocalAddr returns our address for people to read.
func (s *Socket) LocalAddr() net.Addr { return netAddr(s.local) }

func netAddr(a netip.AddrPort) net.Addr {
	if !a.IsValid() {
		return &net.UnixAddr{Net: "unix"}
	}
	return net.TCPAddrFromAddrPort(a)
}

// SyscallConn returns what gives access to the descriptor.
func (s *Socket) SyscallConn() (syscall.RawConn, error) { return s.Raw(), nil }

// Raw is SyscallConn, which never fails.
func (s *Socket) Raw() syscall.RawConn { return rawConn{s} }

// FD is the descriptor, which is valid until Close.
func (s *Socket) FD() int { return s.fd }

// rawConn is a syscall.RawConn.
type rawConn struct{ *Socket }

// Control calls f with the descriptor, which is not closed meanwhile.
func (r rawConn) Control(f func(fd uintptr)) error {
	r.loop.mu.Lock()
	defer r.loop.mu.Unlock()
	if r.closed {
		return net.ErrClosed
	}
	f(uintptr(r.fd))
	return nil
}

// Read calls f until it reports true, and before each further call waits until something can be read.
func (r rawConn) Read(f func(fd uintptr) bool) error { return r.until(&r.incoming, f) }

// Write calls f until it reports true, and before each further call waits until something can be written.
func (r rawConn) Write(f func(fd uintptr) bool) error { return r.until(&r.outgoing, f) }

func (r rawConn) until(g *gate, f func(fd uintptr) bool) error {
	if r.loop.isLate(g) {
		return os.ErrDeadlineExceeded
	}
	for !f(uintptr(r.fd)) {
		if err := r.wait(g); err != nil {
			return err
		}
	}
	return nil
}
