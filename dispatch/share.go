package dispatch

import (
	"time"

	"forebay/config"
)

// share is what the requests of one path prefix have of the queue and of the threads. All prefixes that have nothing of
// their own are in the common share. Each share has a queue of its own, so that what waits for one takes no place of the
// others. Guarded by Dispatcher.mu.
type share struct {
	prefix string // "" is the common share
	queue  queue
	surge  surge

	size    int           // of the queue
	timeout time.Duration // of the queue
	slots   int           // most threads that run its requests at once; 0 means no limit
	reserve int           // threads that are kept for its requests
	kept    int           // of these, as many as there are threads for
	running int           // threads that run its requests; not counted for the common share
}

// next returns the request that is the next to run.
func (s *share) next() *waiter {
	if s.surge.newestFirst() {
		return s.queue.last
	}
	return s.queue.first
}

// take takes a request out of the queue to run it.
func (s *share) take(w *waiter, now time.Duration) {
	s.queue.remove(w)
	w.waited = now - w.since
	s.surge.start(now, s)
}

// missing is how many threads are still to be kept idle for it.
func (s *share) missing() int { return max(s.kept-s.running, 0) }

// has reports whether a prefix has a share of its own.
func has(p *config.Path) bool {
	return p.Slots > 0 || p.Reserve > 0 || p.QueueSize != nil || p.QueueTimeout != nil
}

// divide makes the shares of new settings. A share whose prefix is still there goes on; one that is not is as the common
// one until nothing of it waits. The caller holds the lock.
func (d *Dispatcher) divide(cfg config.Dispatch, paths []config.Path) {
	old := d.shares
	d.common = find(old, "")
	d.shares, d.byPath = []*share{d.common}, nil
	for i := range paths {
		s := d.common
		if has(&paths[i]) {
			s = find(old, paths[i].Prefix)
			d.shares = append(d.shares, s)
		}
		d.byPath = append(d.byPath, s)
	}
	for _, s := range old {
		if find(d.shares, s.prefix) != s && s.queue.len() > 0 {
			d.shares = append(d.shares, s)
		}
	}
	for _, s := range d.shares {
		s.set(cfg, paths)
	}
	d.divided = len(d.shares) > 1
	d.keep()
}

// find returns the share of a prefix; a new one if there is none.
func find(shares []*share, prefix string) *share {
	for _, s := range shares {
		if s.prefix == prefix {
			return s
		}
	}
	return &share{prefix: prefix}
}

// set takes over what the settings say of the share's prefix.
func (s *share) set(cfg config.Dispatch, paths []config.Path) {
	s.size, s.timeout, s.slots, s.reserve = cfg.QueueSize, cfg.QueueTimeout, 0, 0
	for i := range paths {
		p := &paths[i]
		if s.prefix == "" || p.Prefix != s.prefix {
			continue
		}
		s.slots, s.reserve = p.Slots, p.Reserve
		if p.QueueSize != nil {
			s.size = *p.QueueSize
		}
		if p.QueueTimeout != nil {
			s.timeout = *p.QueueTimeout
		}
	}
}

// keep divides the threads that there are among those who have some kept. While workers are missing at least one thread
// is everybody's: else the others would not be served at all. The caller holds the lock.
func (d *Dispatcher) keep() {
	left := max(d.threads-1, 0)
	for _, s := range d.shares {
		s.kept = min(s.reserve, left)
		left -= s.kept
	}
}

// shareOf returns the share that a request is of. The caller holds the lock.
func (d *Dispatcher) shareOf(path int) *share {
	if path < 0 || path >= len(d.byPath) {
		return d.common
	}
	return d.byPath[path]
}

// mayStart reports whether another request of a share may run if so many threads are idle: always on one that is kept for
// it, else on one that is kept for nobody. The caller holds the lock.
func (d *Dispatcher) mayStart(s *share, idle int) bool {
	if s.slots > 0 && s.running >= s.slots {
		return false
	}
	if s.missing() == 0 {
		for _, other := range d.shares {
			idle -= other.missing()
		}
	}
	return idle > 0
}

// nextToRun returns the request that runs next on one of so many idle threads: of those that may run the one that came
// first. It is nil if none may. The caller holds the lock.
func (d *Dispatcher) nextToRun(idle int) *waiter {
	if !d.divided {
		return d.common.next()
	}
	var best *waiter
	for _, s := range d.shares {
		w := s.next()
		if w != nil && (best == nil || w.since < best.since) && d.mayStart(s, idle) {
			best = w
		}
	}
	return best
}

// idleThreads counts. Shares are few, and so are lanes; where nothing is divided nobody counts.
func (d *Dispatcher) idleThreads() (n int) {
	for _, l := range d.lanes {
		n += len(l.idle)
	}
	return n
}

// assign notes that a thread runs requests of a share from now on, and release that it does not any more. Nobody needs to
// know how many run of the common share. The caller holds the lock.
func (t *thread) assign(s *share) {
	if s.prefix != "" {
		t.share = s
		s.running++
	}
}

func (t *thread) release() {
	if t.share != nil {
		t.share.running--
		t.share = nil
	}
}
