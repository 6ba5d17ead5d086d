package workers

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"forebay/config"
)

// inspection is how often a worker is looked at whose memory or age is limited.
const inspection = time.Second

// patience is how long a worker above max_rss may stay because it is never idle.
const patience = time.Minute

// wear counts the requests of a worker and says when they are enough.
type wear struct {
	limit uint64        // 0: there is none
	count atomic.Uint64 // only where there is a limit
	out   chan struct{} // gets an entry when the limit is reached
}

// newWear draws the limit of a worker: max_requests and by chance something more, so that not all are replaced at once.
func newWear(cfg config.Workers) *wear {
	w := &wear{out: make(chan struct{}, 1)}
	if cfg.MaxRequests > 0 {
		w.limit = uint64(cfg.MaxRequests) + rand.Uint64N(uint64(cfg.MaxRequestsJitter)+1) //nolint:gosec // it need not be hard to guess
	}
	return w
}

// add counts a request. It does not block.
func (w *wear) add() {
	if w != nil && w.limit > 0 && w.count.Add(1) == w.limit {
		w.out <- struct{}{} // there is room: a count is reached once
	}
}

// inspector judges a worker's memory and age.
type inspector struct {
	cfg  config.Workers
	rss  func(pid int) int64 // in bytes; 0: not known
	full time.Time           // since when it is above max_rss
}

// needed reports whether there is anything to judge.
func (i *inspector) needed() bool {
	return i.cfg.MaxRSS > 0 || i.cfg.MaxRSSHard > 0 || i.cfg.MaxLifetime > 0
}

// look returns why a worker should be replaced that was ready at since, or "".
func (i *inspector) look(w *Worker, since, now time.Time) (reason string) {
	if i.cfg.MaxLifetime > 0 && now.Sub(since) >= i.cfg.MaxLifetime {
		return "max_lifetime"
	}
	if i.cfg.MaxRSS <= 0 && i.cfg.MaxRSSHard <= 0 {
		return ""
	}
	rss := i.rss(w.PID())
	switch {
	case i.cfg.MaxRSSHard > 0 && rss > i.cfg.MaxRSSHard:
		return "max_rss_hard"
	case i.cfg.MaxRSS <= 0 || rss <= i.cfg.MaxRSS:
		i.full = time.Time{}
		return ""
	case i.full.IsZero():
		i.full = now
	}
	if w.idle() || now.Sub(i.full) >= patience {
		return "max_rss"
	}
	return ""
}

// idle reports whether no thread runs a request at this moment.
func (w *Worker) idle() bool {
	for _, s := range w.slots {
		if _, busy := s.Serving(); busy {
			return false
		}
	}
	return true
}

// requests returns how many the threads have been given.
func (w *Worker) requests() uint64 {
	var n uint64
	for _, s := range w.slots {
		n += s.requests()
	}
	return n
}

// answered reports whether a thread has come back from a request.
func (w *Worker) answered() bool { return slices.ContainsFunc(w.slots, (*Slot).answered) }
