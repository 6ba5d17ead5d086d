// Package limit decides how much of what clients ask for is served: so many requests, or units of work, in a time, or so
// many at the same time.
//
// A request may be under several limits. It takes from all of them in one step, or, if one refuses it, from none. What it
// has taken of a limit of requests at the same time is given back when its answer has ended.
//
// Package gcra has the arithmetic, package key says what is counted together, package place where a limit holds, and
// package table remembers.
package limit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
)

// tidyInterval is how often memory that is not needed any more is given back.
const tidyInterval = time.Minute

// Limiter holds what limits have counted. It outlives a change of the configuration. Its methods are safe for concurrent
// use.
type Limiter struct {
	cfg     config.Limiting
	log     *slog.Logger
	begun   time.Time
	delayed atomic.Int64 // requests that wait

	mu     sync.Mutex
	states []*state
	made   uint64 // how many states there have been
}

// New makes a Limiter without limits.
func New(cfg config.Limiting, log *slog.Logger) *Limiter {
	return &Limiter{cfg: cfg, log: log, begun: time.Now()}
}

// Prepare makes the limits of a configuration, or returns nil if it has none. Those that are defined as before go on with
// what they have counted.
func (l *Limiter) Prepare(cfg []config.Limit) (*Limits, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(cfg) == 0 {
		l.states = nil
		return nil, nil
	}
	limits := &Limits{limiter: l}
	var states []*state
	for _, c := range cfg {
		s := l.stateOf(c)
		rule, err := newRule(c, s)
		if err != nil {
			return nil, fmt.Errorf("limit %s: %w", c.Name, err)
		}
		limits.rules = append(limits.rules, rule)
		states = append(states, s)
	}
	// Requests of two configurations may be under way at the same time; both take locks in this order.
	slices.SortFunc(limits.rules, func(a, b *rule) int { return int(a.state.number) - int(b.state.number) })
	l.states = states
	return limits, nil
}

// stateOf is the state of the limit that is defined so, or else a new one.
func (l *Limiter) stateOf(cfg config.Limit) *state {
	for _, s := range l.states {
		if s.definedAs(cfg) {
			return s
		}
	}
	l.made++
	return newState(cfg, l.cfg.Keys, l.made)
}

// Run gives memory back that is not needed any more, until ctx ends.
func (l *Limiter) Run(ctx context.Context) error {
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			for _, s := range l.current() {
				s.tidy(l.now())
			}
		}
	}
}

func (l *Limiter) current() []*state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.states
}

// now is in microseconds from some moment on, and never 0. No change of the system's clock changes it.
func (l *Limiter) now() int64 { return time.Since(l.begun).Microseconds() + 1 }

// hold takes a place among the requests that may wait, if there is one.
func (l *Limiter) hold() bool {
	if l.delayed.Add(1) > int64(l.cfg.Delayed) {
		l.delayed.Add(-1)
		return false
	}
	return true
}

// Stat is what a limit has done since it was defined.
type Stat struct {
	Name string
	// Passed, Refused and Delayed are requests; those that were delayed have passed, too.
	Passed, Refused, Delayed int64
	// Spared are those that a dry run would have refused.
	Spared int64
	// Keys is how many keys are remembered.
	Keys int
}

// Stats are those of the limits of the last configuration.
func (l *Limiter) Stats() []Stat {
	var stats []Stat
	for _, s := range l.current() {
		stats = append(stats, s.stat(l.now()))
	}
	return stats
}
