package shared

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// flight is a request in flight that Redis counts.
type flight struct {
	key    string
	expire time.Duration
	// over says that it has ended, or was never to be counted, and Redis has not confirmed yet that it knows.
	over bool
	// until is when Redis must be told once more; if it is over, when Redis has forgotten it in any case.
	until time.Time
}

// flights are those of this process, by their number.
type flights struct {
	mu   sync.Mutex
	all  map[int64]flight
	over int // how many of them are over
	last int64
}

// NextID is a number for a request in flight that no other one of this process has.
func (s *Server) NextID() int64 {
	s.flights.mu.Lock()
	defer s.flights.mu.Unlock()
	s.flights.last++
	return s.flights.last
}

// Hold keeps a request that was granted among those in flight, however long it takes, until Release.
func (s *Server) Hold(key string, id int64, expire time.Duration) {
	s.flights.mu.Lock()
	defer s.flights.mu.Unlock()
	s.flights.all[id] = flight{key: key, expire: expire, until: time.Now().Add(expire / 3)}
}

// Release takes a request from those in flight. It does not block. If Redis does not hear of it now, it is told again when
// it answers: else a Redis that was away for a second would refuse requests until those that ended meanwhile expire.
func (s *Server) Release(key string, id int64, expire time.Duration) {
	s.flights.end(key, id, expire, s.cfg.Queue)
	s.postRelease(key, id)
}

// doubt makes sure that requests are not counted in Redis whose answer has not come: it may have counted them, or may do so
// when it wakes up, and they were decided about without it.
func (s *Server) doubt(calls []*Call) {
	for _, c := range calls {
		for i := range c.Steps {
			if step := &c.Steps[i]; step.Kind == KindFlight && !c.posted {
				s.flights.end(step.Key, step.ID, step.Expire, s.cfg.Queue)
			}
		}
	}
}

// end notes that a request is over, unless there are as many as most already of which Redis does not know it: it expires.
func (f *flights) end(key string, id int64, expire time.Duration, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.all[id].over:
	case f.over >= most:
		delete(f.all, id)
	default:
		f.all[id] = flight{key: key, expire: expire, over: true, until: time.Now().Add(expire)}
		f.over++
	}
}

// forget drops a request of which Redis knows that it is over.
func (f *flights) forget(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, known := f.all[id]; known && one.over {
		delete(f.all, id)
		f.over--
	}
}

// held reports whether a request is still in flight.
func (f *flights) held(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, known := f.all[id]
	return known && !one.over
}

func (s *Server) postRelease(key string, id int64) {
	s.Post(releaseOf(key, id), func(_ *Call, err error) {
		if err == nil {
			s.flights.forget(id)
		}
	})
}

func releaseOf(key string, id int64) *Call {
	return &Call{Steps: []Step{{Kind: KindRelease, Key: key, ID: id}}}
}

// renewInterval is how often is looked for requests in flight that Redis must be told of. The shortest time after which one
// is forgotten is three times that.
const renewInterval = time.Second

// renew tells Redis of the requests that are still in flight, each before it would be forgotten, and again of those that are
// not, until ctx ends.
func (s *Server) renew(ctx context.Context) {
	ticker := time.NewTicker(s.renewal)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			s.renewDue(now)
		}
	}
}

// renewDue tells Redis what is due. What is lost of it is due once more. It holds the lock: nothing in it blocks.
func (s *Server) renewDue(now time.Time) {
	f := &s.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, one := range f.all {
		switch due := now.After(one.until); {
		case one.over && due:
			delete(f.all, id)
			f.over--
		case one.over:
			s.postRelease(one.key, id)
		case due:
			if s.postRenewal(one, id) {
				one.until = now.Add(one.expire / 3)
				f.all[id] = one
			}
		}
	}
}

// postRenewal has Redis count a request once more. If it ends meanwhile, the release may have overtaken the renewal, on
// another connection: then it is released again. It reports false if Redis cannot be told now.
func (s *Server) postRenewal(one flight, id int64) bool {
	step := Step{Kind: KindFlight, Key: one.key, ID: id, Most: everybody, Expire: one.expire}
	return s.Post(&Call{Steps: []Step{step}}, func(*Call, error) {
		if !s.flights.held(id) {
			s.postRelease(one.key, id)
		}
	})
}

// recount has Redis be told soon of all requests in flight: it may have lost them.
func (f *flights) recount() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, one := range f.all {
		if !one.over {
			one.until = time.Time{}
			f.all[id] = one
		}
	}
}

// releases are calls that take all requests of this process from those in flight.
func (f *flights) releases() []*Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	var calls []*Call
	for _, id := range slices.Sorted(maps.Keys(f.all)) {
		calls = append(calls, releaseOf(f.all[id].key, id))
	}
	return calls
}
