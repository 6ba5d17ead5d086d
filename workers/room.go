package workers

import "forebay/python/spool"

const (
	// largePipe is the size of the pipe of a thread that has sent a large answer: with the usual 64 KiB it and we would take
	// turns sixteen times for each MiB, and the thread would wait for each. It is the most that Linux allows to everybody.
	largePipe = 1 << 20
	// pipeMemory bounds what all pipes together may hold beyond their usual size, in bytes: that is memory of the kernel's,
	// but only while an answer waits in them.
	pipeMemory = 16 << 20
	// userShare is which part of the bound for a user's pipes we take for ourselves at most: above it the pipes that any
	// process of the user makes have room for a page or two.
	userShare = 4
)

// newPipeBudget is the memory for larger pipes.
func newPipeBudget() *spool.Budget {
	most := int64(pipeMemory)
	if user := userPipes(); user > 0 {
		most = min(most, user/userShare)
	}
	return spool.NewBudget(most)
}

// widen gives the pipe of answers more room when a frame comes that is larger than it, unless as many are large as may be.
// The thread may be waiting in the midst of the frame.
func (s *Slot) widen(size int) {
	if size <= usualPipe || s.wide {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	large := s.worker.large
	if s.closed || !large.Take(largePipe) {
		return
	}
	s.wide = true // also where the system refuses it, as it would the next time
	if s.in.widen(largePipe) {
		s.large = large
	} else {
		large.Give(largePipe)
	}
}

// usualPipe is the size of a pipe that nobody has changed.
const usualPipe = 64 << 10

// narrow gives back what widen has taken.
func (s *Slot) narrow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.large != nil {
		s.large.Give(largePipe)
		s.large = nil
	}
}
