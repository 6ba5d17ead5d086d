package limit

import (
	"hash/maphash"
	"reflect"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/proxy/limit/table"
)

// state is what a limit has counted, and what it remembers of Redis. It goes over to the next configuration if the limit is
// defined there as it was.
type state struct {
	*counted
	cfg config.Limit
	// refusals are when Redis will grant a key something again, and leases what was taken in advance; nil where Redis has
	// no part.
	refusals *table.Table[int64]
	leases   *table.Table[lease]
}

// counted is what a limit has counted. It goes over to the next configuration if keys mean the same in both: who has
// reached a limit that is made tighter, or has another network on its lists, must not get a new burst for it.
type counted struct {
	keys   int
	number uint64       // of all of them, in the order in which they were made
	seed   maphash.Seed // nobody outside knows which keys share a place
	// buckets have the TATs of a rate, and flights the counts of what is in flight; the other one is nil. Where Redis counts
	// they go along, so that they are ready to decide when it fails.
	buckets *table.Table[struct{}]
	flights *flights

	passed, refused, delayed, spared, alone atomic.Int64

	told   atomic.Int64 // when a line was logged last, in the Limiter's time
	untold atomic.Int64 // what has happened since
}

func newCounted(cfg config.Limit, keys int, number uint64) *counted {
	c := &counted{keys: keys, number: number, seed: maphash.MakeSeed()}
	if cfg.Concurrent > 0 {
		c.flights = newFlights()
	} else if cfg.Rate != (config.Rate{}) {
		c.buckets = table.New[struct{}](keys)
	}
	return c
}

func newState(cfg config.Limit, c *counted) *state {
	s := &state{counted: c, cfg: cfg}
	// What these two forget costs a round trip and no more, so they are smaller than the table that all rests on.
	if cfg.Shared != config.SharedNo && s.buckets != nil {
		s.refusals = table.New[int64](max(1, c.keys/4))
	}
	if cfg.MaxLease() > 0 {
		s.leases = table.New[lease](max(1, c.keys/16))
	}
	return s
}

func (s *state) definedAs(cfg config.Limit, keys int) bool {
	return s.keys == keys && reflect.DeepEqual(s.cfg, cfg)
}

// countsFor reports whether what was counted is so for a limit of another configuration, too. Levels are times, so that
// they mean something at another rate as well.
func (s *state) countsFor(cfg config.Limit, keys int) bool {
	return s.keys == keys && s.cfg.Name == cfg.Name &&
		(s.flights != nil) == (cfg.Concurrent > 0) && (s.buckets != nil) == (cfg.Rate != (config.Rate{})) &&
		s.cfg.IPv6Prefix == cfg.IPv6Prefix && reflect.DeepEqual(s.cfg.Key, cfg.Key)
}

func (s *state) tidy(now int64) {
	if s.buckets != nil {
		s.buckets.Tidy(now)
	}
	if s.refusals != nil {
		s.refusals.Tidy(now)
	}
	if s.leases != nil {
		s.leases.Tidy(now)
	}
}

func (s *state) stat(now int64) Stat {
	stat := Stat{
		Name: s.cfg.Name, Passed: s.passed.Load(), Refused: s.refused.Load(), Delayed: s.delayed.Load(), Spared: s.spared.Load(),
		Alone: s.alone.Load(),
	}
	switch {
	case s.buckets != nil:
		stat.Keys = s.buckets.Len(now)
	case s.flights != nil:
		stat.Keys = s.flights.len()
	}
	return stat
}

// tellInterval is how often a limit may log a line about single requests.
const tellInterval = int64(time.Second / time.Microsecond)

// tell notes a request that a line in the log is due for, and reports whether it is time for one and how many requests it
// stands for.
func (s *state) tell(now int64) (requests int64, due bool) {
	s.untold.Add(1)
	last := s.told.Load()
	if (last != 0 && now-last < tellInterval) || !s.told.CompareAndSwap(last, now) {
		return 0, false
	}
	return s.untold.Swap(0), true
}
