package reactor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"forebay/proxy/shortage"
)

// Door is where clients come in: a listening socket that all loops accept from.
type Door struct {
	reactor *Reactor
	fd      int
	local   netip.AddrPort // invalid: it differs from one connection to another, or there is none
	isTCP   bool
	enter   func(*Socket)
	trouble func(err error, again time.Duration)

	mu     sync.RWMutex // held for reading while something is accepted
	closed bool
	doors  []*door
}

// door is a Door as one loop sees it.
type door struct {
	*Door
	loop   *loop
	watch  int32 // as epoll tells it
	pauses shortage.Pauses
}

// Listen accepts from a listening socket until Close. enter is called with each connection and sets its guest, which is
// served at once; it must not block. trouble is told why nothing can be accepted for the moment, and when it is tried again.
// The listener stays the caller's, who closes it after the door.
func (r *Reactor) Listen(ln net.Listener, enter func(*Socket), trouble func(err error, again time.Duration)) (*Door, error) {
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return nil, errors.New("a listener without a descriptor")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	d := &Door{reactor: r, enter: enter, trouble: trouble}
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok {
		d.isTCP = true
		if local := tcp.AddrPort(); !local.Addr().IsUnspecified() {
			d.local = local
		}
	}
	if err := raw.Control(func(fd uintptr) { d.fd = int(fd) }); err != nil {
		return nil, err
	}
	for _, l := range r.loops {
		part := &door{Door: d, loop: l}
		if err := part.watchOut(); err != nil {
			d.Close()
			return nil, fmt.Errorf("watch a listening socket: %w", err)
		}
		d.doors = append(d.doors, part)
	}
	return d, nil
}

// watchOut has the loop tell of clients. Of several loops one is told of each, as far as the kernel sees to it.
func (d *door) watchOut() error {
	l := d.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watches++
	d.watch = l.watches
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE, Fd: int32(d.fd), Pad: d.watch}
	if err := unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, d.fd, &event); err != nil {
		return err
	}
	l.doors[int32(d.fd)] = d
	return nil
}

// lookAway ends watchOut.
func (d *door) lookAway() {
	l := d.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doors[int32(d.fd)] == d {
		delete(l.doors, int32(d.fd))
		_ = unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, d.fd, nil) // fails only where the loop has ended
	}
}

// Close ends the accepting. When it returns nothing enters any more.
func (d *Door) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, part := range d.doors {
		part.lookAway()
	}
}

// few is how many connections are accepted before it is another event's turn.
const few = 4

// open lets in who stands at the door.
func (d *door) open(t *turn) {
	for range few {
		s := d.accept()
		if s == nil {
			return
		}
		full := d.reactor.Room.Full(s.fd)
		if full {
			d.rest(shortage.ErrFull, shortage.FullPause)
		}
		s.lead = t
		s.Guest.Serve()
		if full || t.left {
			return
		}
	}
}

// accept returns the next connection with its guest, or nil if there is none.
func (d *door) accept() *Socket {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for !d.closed {
		s, err := d.acceptOne()
		switch {
		case err == nil:
			d.pauses.Over()
			d.enter(s)
			return s
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED): // the client was gone before we came to it
		default: // EMFILE, ENFILE, ENOBUFS, ENOMEM: it passes, and the backlog waits
			d.rest(os.NewSyscallError("accept", err), d.pauses.Next())
			return nil
		}
	}
	return nil
}

// rest has the loop look away until the pause is over and there is room.
func (d *door) rest(why error, pause time.Duration) {
	d.lookAway()
	go d.trouble(why, pause) // ends when it has told
	d.comeBack(pause)
}

func (d *door) comeBack(after time.Duration) {
	time.AfterFunc(after, func() {
		d.mu.RLock()
		defer d.mu.RUnlock()
		switch {
		case d.closed:
		case d.reactor.Room.Left(d.fd):
			_ = d.watchOut() // the kernel has no memory: the other loops go on
		default:
			d.comeBack(shortage.FullPause)
		}
	})
}

func (d *door) acceptOne() (*Socket, error) {
	var peer unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(peer))
	// Without telling the scheduler, as the socket does not block.
	r, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(d.fd), uintptr(unsafe.Pointer(&peer)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	s := &Socket{fd: int(r), loop: d.reactor.pick(), local: d.local}
	if d.isTCP {
		s.remote = addrPort(&peer)
		if !s.local.IsValid() {
			s.local = localOf(s.fd)
		}
	}
	return s, nil
}

// localOf asks for our address of a connection; it is invalid if the client has gone already.
func localOf(fd int) netip.AddrPort {
	var local unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(local))
	_, _, errno := syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&local)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return netip.AddrPort{}
	}
	return addrPort(&local)
}

// addrPort reads an address as the kernel gives it.
func addrPort(a *unix.RawSockaddrAny) netip.AddrPort {
	switch a.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), hostOrder(in.Port))
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(a))
		return netip.AddrPortFrom(netip.AddrFrom16(in.Addr), hostOrder(in.Port))
	}
	return netip.AddrPort{}
}

// hostOrder reads a port, which the kernel has in the order of the network.
func hostOrder(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
