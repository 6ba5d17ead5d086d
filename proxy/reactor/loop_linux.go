package reactor

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"forebay/proxy/epoll"
)

// loop is an epoll instance and the goroutines that are led by it.
type loop struct {
	file *os.File // the epoll instance, for the runtime's poller
	raw  syscall.RawConn
	fd   int

	// The leader's.
	events [batch]unix.EpollEvent
	happen [batch]happening
	next   int // of happen
	count  int

	over      chan struct{} // closed by the last leader
	followers followers

	mu       sync.Mutex
	watches  int32
	sockets  []*Socket // by descriptor
	doors    map[int32]*door
	resting  resting
	pulse    pulse
	refusing bool
	closed   bool
}

const (
	// batch is how many events are taken at once. Other goroutines have their turn after each batch.
	batch = 32

	usualEvents uint32 = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
)

// happening is what an event is about.
type happening struct {
	socket *Socket
	door   *door
}

func newLoop() (*loop, error) {
	file, raw, fd, err := epoll.Open()
	if err != nil {
		return nil, err
	}
	l := &loop{file: file, raw: raw, fd: fd, over: make(chan struct{}), doors: map[int32]*door{}}
	l.resting.loop = l
	if err := l.pulse.begin(fd); err != nil {
		_ = l.file.Close() // the error that counts is the other
		return nil, err
	}
	return l, nil
}

// run leads, and follows where somebody else leads.
func (l *loop) run() {
	t := &turn{loop: l, wake: make(chan bool, 1)}
	for {
		h, ok := l.await()
		if !ok {
			l.end()
			return
		}
		if h.door != nil {
			h.door.open(t)
		} else {
			h.socket.lead = t
			h.socket.Guest.Serve()
		}
		if t.left && !l.followers.wait(t) {
			return
		}
		t.left = false
	}
}

// await waits for something that is to be served. It reports false when the loop is closed. It is called by the leader.
func (l *loop) await() (happening, bool) {
	for {
		for l.next < l.count {
			h := l.happen[l.next]
			l.happen[l.next] = happening{}
			l.next++
			if h.socket != nil || h.door != nil {
				return h, true
			}
		}
		if l.count > 0 {
			runtime.Gosched() // others have waited for as long as a batch takes
		}
		if !l.gather() {
			return happening{}, false
		}
	}
}

// gather waits for events and finds out what they are about.
func (l *loop) gather() bool {
	n := 0
	err := l.raw.Read(func(fd uintptr) bool {
		n = poll(int(fd), l.events[:])
		return n > 0
	})
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next, l.count = 0, n
	for i := range l.events[:n] {
		l.happen[i] = l.meaning(&l.events[i])
	}
	return !l.closed
}

// poll asks for events without waiting.
func poll(fd int, events []unix.EpollEvent) int {
	for {
		// Without telling the scheduler, as it is over before anybody else would be given our processor.
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n)
		case unix.EINTR:
		default:
			return 0
		}
	}
}

// meaning finds out whom an event is about, and has those look that wait. What it returns is to be served by the leader. An
// event of a socket that is closed is nobody's, and not that of the next one with the same descriptor.
func (l *loop) meaning(e *unix.EpollEvent) (h happening) {
	if d := l.doors[e.Fd]; d != nil && d.watch == e.Pad {
		return happening{door: d}
	}
	if int(e.Fd) == l.pulse.fd {
		l.pulse.answer()
		return h
	}
	if int(e.Fd) >= len(l.sockets) {
		return h
	}
	s := l.sockets[e.Fd]
	if s == nil || s.watch != e.Pad {
		return h
	}
	const broken = unix.EPOLLHUP | unix.EPOLLERR
	if e.Events&(unix.EPOLLRDHUP|broken) != 0 {
		s.hung = true
	}
	if e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|broken) != 0 {
		if l.resting.remove(s) {
			h.socket, s.drained = s, false
		} else {
			s.incoming.open = true
			s.incoming.nudge()
		}
	}
	if e.Events&(unix.EPOLLOUT|broken) != 0 {
		s.outgoing.open = true
		s.outgoing.nudge()
	}
	return h
}

// rest has a socket wait for its client without a goroutine.
func (l *loop) rest(s *Socket, now time.Time, stay time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusing || s.closed || s.hung || !s.drained || s.incoming.open {
		s.incoming.open = false
		return false
	}
	if l.register(s, usualEvents) != nil {
		return false // the kernel has no memory: the caller waits in another way
	}
	l.resting.add(s, now, stay)
	return true
}

// register has epoll tell of events. The mutex is held.
func (l *loop) register(s *Socket, events uint32) error {
	if s.watched&events == events || s.closed {
		return nil
	}
	if l.closed {
		return os.ErrClosed // its number may be another file's by now
	}
	events |= s.watched
	how := unix.EPOLL_CTL_MOD
	if s.watched == 0 {
		how = unix.EPOLL_CTL_ADD
		l.watches++
		s.watch = l.watches
	}
	event := unix.EpollEvent{Events: events, Fd: int32(s.fd), Pad: s.watch}
	if err := unix.EpollCtl(l.fd, how, s.fd, &event); err != nil {
		return err
	}
	s.watched = events
	for len(l.sockets) <= s.fd {
		l.sockets = append(l.sockets, nil)
	}
	l.sockets[s.fd] = s
	return nil
}

// remove forgets a socket, and reports whether it was not closed before.
func (l *loop) remove(s *Socket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.closed {
		return false
	}
	s.closed = true
	s.incoming.nudge()
	s.outgoing.nudge()
	if s.watched != 0 {
		l.sockets[s.fd] = nil
	}
	return true
}

func (l *loop) setDeadline(s *Socket, g *gate, t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	g.deadline = t
	g.nudge()
	return nil
}

func (l *loop) isLate(g *gate) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return g.late()
}

// refuse has nothing rest any more, and returns what has.
func (l *loop) refuse() []*Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing = true
	return l.resting.take(func(*Socket) bool { return true })
}

// end is what the last leader does.
func (l *loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pulse.end()
	close(l.over)
}

// alive returns when a leader was seen, or none is wanted any more.
func (l *loop) alive() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	felt := l.pulse.ask()
	l.mu.Unlock()
	<-felt
}

// close ends the leader and the followers, once none of them serves anything.
func (l *loop) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errors.New("closed twice")
	}
	l.closed, l.refusing = true, true
	l.followers.dismiss()
	return l.file.Close()
}
