package reactor

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// gate is one direction of a socket, for a goroutine that waits at it.
type gate struct {
	open     bool // something has happened since it was last passed
	waiting  bool
	deadline time.Time     // zero: none
	wake     chan struct{} // of one; nil until somebody has waited
	timer    *time.Timer
}

// nudge has the goroutine that waits look again. The loop's mutex is held.
func (g *gate) nudge() {
	if !g.waiting {
		return
	}
	select {
	case g.wake <- struct{}{}:
	default: // it is about to
	}
}

// late reports whether the deadline has passed. The loop's mutex is held.
func (g *gate) late() bool { return !g.deadline.IsZero() && !time.Now().Before(g.deadline) }

// wait waits until something has happened at the gate. It leaves the lead.
func (s *Socket) wait(g *gate) error {
	s.Leave()
	l := s.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case s.closed:
			return net.ErrClosed
		case g.late(): // also where the loop is closed, and nothing can be registered
			return os.ErrDeadlineExceeded
		case g.open:
			g.open = false
			return nil
		}
		if err := l.register(s, eventsAt(s, g)); err != nil {
			return os.NewSyscallError("epoll_ctl", err)
		}
		g.block(l)
	}
}

// eventsAt are those that open a gate. What can be written does not interest before somebody has waited for it.
func eventsAt(s *Socket, g *gate) uint32 {
	if g == &s.outgoing {
		return usualEvents | unix.EPOLLOUT
	}
	return usualEvents
}

// block waits until somebody nudges, or until the deadline. The loop's mutex is held, but not while it waits.
func (g *gate) block(l *loop) {
	var late <-chan time.Time
	if !g.deadline.IsZero() {
		left := time.Until(g.deadline)
		if g.timer == nil {
			g.timer = time.NewTimer(left)
		} else {
			g.timer.Reset(left)
		}
		late = g.timer.C
	}
	if g.wake == nil {
		g.wake = make(chan struct{}, 1)
	}
	g.waiting = true
	l.mu.Unlock()
	select {
	case <-g.wake:
	case <-late:
	}
	l.mu.Lock()
	g.waiting = false
	if late != nil {
		g.timer.Stop()
	}
}
