package measure

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"forebay/proxy/access"
)

const (
	// SlowMost is how many of the slowest requests are kept.
	SlowMost = 20
	// slowAge is how long.
	slowAge = 5 * time.Minute
	// slowSpan is the time of which so many are kept: the oldest of them are forgotten together.
	slowSpan = 30 * time.Second
)

// slow keeps the slowest requests of each span.
type slow struct {
	// least is how long a request must have taken to be among those of this span, in nanoseconds. It is what most requests
	// look at and nothing else.
	least atomic.Int64

	mu    sync.Mutex
	begun time.Time // of this span
	now   []Sample  // in no order
	past  []span
}

// span is the slowest requests of a time.
type span struct {
	end  time.Time
	kept []Sample
}

func (s *slow) wants(e *access.Entry) bool { return int64(e.Total) > s.least.Load() }

// add keeps a request, in the place of the quickest that was kept if there is no other.
func (s *slow) add(e *access.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) < SlowMost {
		s.now = append(s.now, sampleOf(e))
	} else if i := s.quickest(); e.Total > s.now[i].Total {
		s.now[i] = sampleOf(e)
	}
	if len(s.now) == SlowMost {
		s.least.Store(int64(s.now[s.quickest()].Total))
	}
}

func (s *slow) quickest() (at int) {
	for i := range s.now {
		if s.now[i].Total < s.now[at].Total {
			at = i
		}
	}
	return at
}

// turn begins another span when it is time, and forgets those that are too old.
func (s *slow) turn(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun.IsZero() {
		s.begun = now
	}
	if now.Sub(s.begun) < slowSpan {
		return
	}
	s.past = append(s.past, span{now, s.now})
	s.begun, s.now = now, nil
	s.least.Store(0)
	s.past = slices.DeleteFunc(s.past, func(p span) bool { return now.Sub(p.end) >= slowAge })
}

// Slow returns the slowest requests of the last five minutes, the slowest first: at most SlowMost.
func (m *Meter) Slow(now time.Time) []Sample {
	s := &m.slow
	s.mu.Lock()
	all := slices.Clone(s.now)
	for _, p := range s.past {
		all = append(all, p.kept...)
	}
	s.mu.Unlock()
	all = slices.DeleteFunc(all, func(one Sample) bool { return now.Sub(one.Time) >= slowAge })
	slices.SortFunc(all, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), b.Time.Compare(a.Time))
	})
	return all[:min(len(all), SlowMost)]
}
