package dispatch

import "time"

// State is what the dispatcher does at one moment.
type State struct {
	// Threads are those of the workers that are lent. Of these Busy run a request, or are not back from one, and Idle wait
	// for one; the rest are of a worker that is about to be replaced.
	Threads, Busy, Idle int
	// Shares are what path prefixes have of queue and threads, that of all requests without a part of their own first.
	Shares []ShareState
	// Batches were given to threads so far, Batched are the requests in them, and Recalled those of these that were taken
	// back, as one before them was not short.
	Batches, Batched, Recalled uint64
	// Retries are how often a request was run again whose worker had died.
	Retries uint64
	// Surges says that a queue runs the newest request first at present.
	Surges bool
}

// Waiting are the requests that wait for a thread.
func (s *State) Waiting() (n int) {
	for i := range s.Shares {
		n += s.Shares[i].Waiting
	}
	return n
}

// Oldest is how long the one of them has waited that came first; 0 if none waits.
func (s *State) Oldest() (oldest time.Duration) {
	for i := range s.Shares {
		oldest = max(oldest, s.Shares[i].Oldest)
	}
	return oldest
}

// ShareState is what the requests of one path prefix have of queue and threads.
type ShareState struct {
	Prefix  string // empty: all others
	Waiting int
	Size    int           // most that may wait
	Oldest  time.Duration // how long the first has waited
	Busy    int           // threads that run its requests
	Slots   int           // most that may; 0: no limit
	Reserve int           // threads that are kept for it
}

// State returns what the dispatcher does. It holds its lock for as long as it takes to copy this.
func (d *Dispatcher) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := State{
		Threads: d.threads, Shares: make([]ShareState, 0, len(d.shares)),
		Batches: d.counts.batches, Batched: d.counts.batched, Recalled: d.counts.recalled, Retries: d.retries.Load(),
	}
	for _, l := range d.lanes {
		s.Busy += len(l.busy)
		s.Idle += len(l.idle)
	}
	now, others := now(), 0
	for _, share := range d.shares {
		state := share.state(now)
		s.Surges = s.Surges || share.surge.newestFirst()
		others += state.Busy
		s.Shares = append(s.Shares, state)
	}
	s.Shares[0].Busy = max(0, s.Busy-others) // nobody counts those of the common share
	return s
}

func (s *share) state(now time.Duration) ShareState {
	state := ShareState{
		Prefix: s.prefix, Waiting: s.queue.len(), Size: s.size, Busy: s.running, Slots: s.slots, Reserve: s.reserve,
	}
	if first := s.queue.first; first != nil {
		state.Oldest = now - first.since
	}
	return state
}

// counts are what the dispatcher has done so far. Guarded by Dispatcher.mu.
type counts struct {
	batches, batched, recalled uint64
}

// gathered notes the requests that go in one batch with another one, if there are any.
func (c *counts) gathered(behind []*waiter) {
	if len(behind) > 0 {
		c.batches++
		c.batched += uint64(len(behind)) + 1
	}
}
