package dispatch

import (
	"sync/atomic"
	"time"
)

// pace is how long requests take at present: a moving average over about the last 16. Safe for concurrent use; two that
// end at the same moment may count as one, which an average forgives.
type pace struct{ average atomic.Int64 }

func (p *pace) add(took time.Duration) {
	old := p.average.Load()
	p.average.Store(old + (int64(took)-old)/16)
}

// mean returns the average.
func (p *pace) mean() time.Duration { return time.Duration(p.average.Load()) }

// drain returns how long waiting requests will keep threads busy.
func (p *pace) drain(waiting, threads int) time.Duration {
	return p.mean() * time.Duration(waiting) / time.Duration(max(threads, 1))
}
