package quiet

import (
	"container/heap"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"forebay/proxy/epoll"
)

// Loop watches connections. Its methods are safe for concurrent use and do not block.
type Loop struct {
	file *os.File // the epoll instance, for the runtime's poller
	raw  syscall.RawConn
	fd   int

	mu       sync.Mutex
	entries  map[int32]*Entry // by descriptor: those that are watched
	schedule schedule
	watches  int32 // so far
	idle     int   // of those that are watched
	draining bool
	ending   bool
	closed   bool
}

// New makes a loop, which does nothing before Run.
func New() (*Loop, error) {
	file, raw, fd, err := epoll.Open()
	if err != nil {
		return nil, err
	}
	return &Loop{file: file, raw: raw, fd: fd, entries: map[int32]*Entry{}}, nil
}

// Watch wakes the entry's guest when something can be read, or until has come; a zero until never comes. idle says that
// nothing is lost if the connection is closed: Drain wakes it. It reports false if the entry cannot be watched, as the
// loop is draining or has ended; nothing has changed then. After true the caller leaves the connection alone.
func (l *Loop) Watch(e *Entry, until time.Time, idle bool) bool {
	return l.watch(e, until, idle, unix.EPOLLIN|unix.EPOLLRDHUP)
}

// WatchHangup is Watch for a client that only matters when it leaves: what it sends does not wake the guest.
func (l *Loop) WatchHangup(e *Entry) bool {
	return l.watch(e, time.Time{}, false, unix.EPOLLRDHUP)
}

func (l *Loop) watch(e *Entry, until time.Time, idle bool, events uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.ending || (l.draining && idle) {
		return false
	}
	if err := l.control(e, events|unix.EPOLLONESHOT); err != nil {
		return false // the kernel has no memory: the caller waits in another way
	}
	e.known, e.until, e.idle = true, until, idle
	if idle {
		l.idle++
	}
	l.entries[int32(e.FD)] = e
	heap.Push(&l.schedule, e)
	if e.index == 1 && !until.IsZero() {
		_ = l.file.SetReadDeadline(until) // fails only at the end of the loop
	}
	return true
}

// control tells epoll what to look for. A connection may have been watched by another entry since this one was, so what
// the entry knows of it may be wrong.
func (l *Loop) control(e *Entry, events uint32) error {
	l.watches++
	e.watch = l.watches
	event := unix.EpollEvent{Events: events, Fd: int32(e.FD), Pad: e.watch}
	first, second, wrong := unix.EPOLL_CTL_ADD, unix.EPOLL_CTL_MOD, unix.EEXIST
	if e.known {
		first, second, wrong = second, first, unix.ENOENT
	}
	err := unix.EpollCtl(l.fd, first, e.FD, &event)
	if errors.Is(err, wrong) {
		err = unix.EpollCtl(l.fd, second, e.FD, &event)
	}
	return err
}

// Drop ends the watching and reports whether it did: if not, the guest was woken, or is about to be.
func (l *Loop) Drop(e *Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.index == 0 {
		return false
	}
	l.remove(e)
	if !l.closed {
		// Without it a hangup, which epoll reports unasked, would wake a later guest of the same descriptor.
		_ = unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, e.FD, nil) // fails only if it is not there
	}
	e.known = false
	return true
}

func (l *Loop) remove(e *Entry) {
	if e.idle {
		l.idle--
	}
	delete(l.entries, int32(e.FD))
	heap.Remove(&l.schedule, e.index-1)
}

// Run watches until Close.
func (l *Loop) Run() {
	var events [256]unix.EpollEvent
	woken := make([]*Entry, 0, len(events))
	for {
		n, err := l.wait(events[:])
		if err != nil {
			return // closed
		}
		woken = l.take(woken[:0], events[:n])
		for _, e := range woken {
			e.Guest.Wake(Readable)
		}
		l.expire(time.Now())
	}
}

// wait waits for events, or until the time of the next guest is up. Then it looks for events all the same, as the next
// one's may be up at once.
func (l *Loop) wait(events []unix.EpollEvent) (n int, err error) {
	err = l.raw.Read(func(fd uintptr) bool {
		n = poll(int(fd), events)
		return n > 0
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = l.raw.Control(func(fd uintptr) { n = poll(int(fd), events) })
	}
	return n, err
}

// poll asks for events without waiting.
func poll(fd int, events []unix.EpollEvent) int {
	for {
		n, err := unix.EpollWait(fd, events, 0)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0)
		}
	}
}

// take removes the entries that events are about. An event of one that was removed meanwhile is nobody's, and not that of
// the next one with the same descriptor.
func (l *Loop) take(woken []*Entry, events []unix.EpollEvent) []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, event := range events {
		if e := l.entries[event.Fd]; e != nil && e.watch == event.Pad {
			l.remove(e)
			woken = append(woken, e)
		}
	}
	return woken
}

// expire wakes the guests whose time is up, and sets the deadline to that of the next one.
func (l *Loop) expire(now time.Time) {
	for {
		e := l.late(now)
		if e == nil {
			return
		}
		e.Guest.Wake(Late)
	}
}

func (l *Loop) late(now time.Time) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.schedule) == 0 {
		_ = l.file.SetReadDeadline(time.Time{}) // fails only at the end of the loop
		return nil
	}
	e := l.schedule[0]
	if e.until.IsZero() || now.Before(e.until) {
		_ = l.file.SetReadDeadline(e.until) // as above
		return nil
	}
	l.remove(e)
	return e
}

// Len returns how many entries are watched.
func (l *Loop) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.schedule)
}

// Idle returns how many of them are connections between two requests.
func (l *Loop) Idle() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle
}

// Alive returns when the loop can be had for a moment.
func (l *Loop) Alive() {
	l.mu.Lock()
	defer l.mu.Unlock()
}

// Drain wakes the idle ones, and lets no further one in.
func (l *Loop) Drain() {
	l.refuse(&l.draining)
	for _, e := range l.takeAll(func(e *Entry) bool { return e.idle }) {
		e.Guest.Wake(Draining)
	}
}

// End wakes all, and lets none in any more.
func (l *Loop) End() {
	l.refuse(&l.ending)
	for _, e := range l.takeAll(func(*Entry) bool { return true }) {
		e.Guest.Wake(Ending)
	}
}

// refuse sets one of the flags that keep entries out.
func (l *Loop) refuse(flag *bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*flag = true
}

func (l *Loop) takeAll(of func(*Entry) bool) (taken []*Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if of(e) {
			taken = append(taken, e)
		}
	}
	for _, e := range taken {
		l.remove(e)
	}
	return taken
}

// Close ends Run. Nothing that is still watched is woken.
func (l *Loop) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.file.Close()
}
