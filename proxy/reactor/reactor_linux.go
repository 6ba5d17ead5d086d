package reactor

import (
	"errors"
	"runtime"
	"sync/atomic"

	"forebay/proxy/shortage"
)

// Reactor is a set of loops. Its methods are safe for concurrent use.
type Reactor struct {
	// Room is what clients may have of the descriptors; nil: there is no bound. It is set before Listen.
	Room *shortage.Room

	loops []*loop
	turns atomic.Uint32
}

// mostLoops bounds the number of loops: each is told of new connections.
const mostLoops = 8

// New makes a reactor with a loop for each processor. It does nothing before Run.
func New() (*Reactor, error) {
	r := &Reactor{}
	for range min(runtime.GOMAXPROCS(0), mostLoops) {
		l, err := newLoop()
		if err != nil {
			_ = r.Close() // the error that counts is the other
			return nil, err
		}
		r.loops = append(r.loops, l)
	}
	return r, nil
}

// pick chooses the loop of a new connection.
func (r *Reactor) pick() *loop { return r.loops[r.turns.Add(1)%uint32(len(r.loops))] }

// Run serves until Close, and returns when no goroutine leads any more. Those that serve a guest go on with it.
func (r *Reactor) Run() {
	for _, l := range r.loops {
		go l.run() // ends by close
	}
	for _, l := range r.loops {
		<-l.over
	}
}

// Resting returns how many sockets rest.
func (r *Reactor) Resting() (count int) {
	for _, l := range r.loops {
		l.mu.Lock()
		count += l.resting.count
		l.mu.Unlock()
	}
	return count
}

// Alive returns when each loop has a leader that does its work, or when the reactor is closed: it blocks if one is stuck, and
// before Run.
func (r *Reactor) Alive() {
	for _, l := range r.loops {
		l.alive()
	}
}

// Drain tells all that rest that they are silent, and has none rest any more.
func (r *Reactor) Drain() {
	for _, l := range r.loops {
		for _, s := range l.refuse() {
			s.Guest.Silent()
		}
	}
}

// Close ends Run. Nobody is told anything, and what still waits does so until its deadline.
func (r *Reactor) Close() error {
	var errs []error
	for _, l := range r.loops {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
