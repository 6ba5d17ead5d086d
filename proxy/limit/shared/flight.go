package shared

import (
	"context"
	"sync"
	"time"
)

// flight is a request in flight that Redis counts.
type flight struct {
	key    string
	expire time.Duration
	until  time.Time // when it must be heard of again
}

// flights are those of this process, by their number.
type flights struct {
	mu   sync.Mutex
	all  map[int64]flight
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
	s.flights.all[id] = flight{key, expire, time.Now().Add(expire / 3)}
}

// Release takes a request from those in flight. It does not block; what Redis does not hear of expires.
func (s *Server) Release(key string, id int64) {
	s.flights.mu.Lock()
	delete(s.flights.all, id)
	s.flights.mu.Unlock()
	s.Post(&Call{Steps: []Step{{Kind: KindRelease, Key: key, ID: id}}}, nil)
}

// renewInterval is how often is looked for requests in flight that must be heard of again. The shortest time after which
// one is forgotten is three times that.
const renewInterval = time.Second

// renew tells Redis of the requests that are still in flight, each before it would be forgotten, until ctx ends.
func (s *Server) renew(ctx context.Context) {
	ticker := time.NewTicker(renewInterval)
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

// renewDue renews what must be heard of again. What is lost of it is renewed in time once more. It holds the lock, so that
// a request that ends meanwhile is released after it was renewed, and not before.
func (s *Server) renewDue(now time.Time) {
	f := &s.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, one := range f.all {
		if now.Before(one.until) {
			continue
		}
		one.until = now.Add(one.expire / 3)
		f.all[id] = one
		step := Step{Kind: KindFlight, Key: one.key, ID: id, Most: everybody, Expire: one.expire}
		s.Post(&Call{Steps: []Step{step}}, nil)
	}
}
