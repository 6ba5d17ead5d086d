// Package limit decides how much of what clients ask for is served: so many requests, or units of work, in a time, or so
// many at the same time.
//
// A request may be under several limits. It takes from all of them in one step, or, if one refuses it, from none. What it
// has taken of a limit of requests at the same time is given back when its answer has ended.
//
// Package gcra has the arithmetic, package key says what is counted together, package place where a limit holds, package
// table remembers, and package shared has Redis count.
package limit

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/proxy/limit/shared"
)

// tidyInterval is how often memory that is not needed any more is given back.
const tidyInterval = time.Minute

// Settings are what the configuration says about limits.
type Settings struct {
	Limiting config.Limiting
	Redis    config.Redis
	Limits   []config.Limit
}

// shares reports whether there is a limit that Redis counts.
func (s Settings) shares() bool {
	return slices.ContainsFunc(s.Limits, func(l config.Limit) bool { return l.Shared != config.SharedNo })
}

// Limiter holds what limits have counted. It outlives a change of the configuration. Its methods are safe for concurrent
// use.
type Limiter struct {
	log     *slog.Logger
	begun   time.Time
	current atomic.Pointer[Limits]
	delayed atomic.Int64  // requests that wait
	changed chan struct{} // holds an entry when other limits are in force

	mu   sync.Mutex
	made uint64 // how many states there have been
}

// New makes a Limiter without limits.
func New(log *slog.Logger) *Limiter {
	l := &Limiter{log: log, begun: time.Now(), changed: make(chan struct{}, 1)}
	l.current.Store(&Limits{limiter: l})
	return l
}

// Prepare makes the limits of a configuration. Those that have the name and the keys of ones in force share with them what
// was counted. Nothing of it is in force before Use.
func (l *Limiter) Prepare(s Settings) (*Limits, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limits := &Limits{limiter: l, cfg: s.Limiting, redis: s.Redis}
	if s.shares() {
		var err error
		if limits.server, err = l.serverOf(s.Redis); err != nil {
			return nil, err
		}
	}
	for _, cfg := range s.Limits {
		r, err := newRule(cfg, l.stateOf(cfg, s.Limiting.Keys))
		if err != nil {
			return nil, fmt.Errorf("limit %s: %w", cfg.Name, err)
		}
		limits.rules = append(limits.rules, r)
	}
	// Requests of two configurations may be under way at the same time; both take locks in this order.
	slices.SortFunc(limits.rules, func(a, b *rule) int { return cmp.Compare(a.state.number, b.state.number) })
	return limits, nil
}

// stateOf is the state of the limit in force that is defined so, or else a new one, which goes on with what was counted if
// that means the same.
func (l *Limiter) stateOf(cfg config.Limit, keys int) *state {
	for _, r := range l.current.Load().rules {
		switch {
		case r.state.definedAs(cfg, keys):
			return r.state
		case r.state.countsFor(cfg, keys):
			return newState(cfg, r.state.counted)
		}
	}
	l.made++
	return newState(cfg, newCounted(cfg, keys, l.made))
}

// serverOf is the Redis in force if it is meant, or else another one.
func (l *Limiter) serverOf(cfg config.Redis) (*shared.Server, error) {
	before := l.current.Load().server
	if before != nil && l.current.Load().redis == cfg {
		return before, nil
	}
	server, err := shared.New(cfg, l.log)
	if err == nil && before != nil {
		server.Expect(before.Nodes())
	}
	return server, err
}

// Use puts limits in force: memory is kept for them, and their Redis is asked.
func (l *Limiter) Use(limits *Limits) {
	l.current.Store(limits)
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// Run asks Redis where limits need it, and gives memory back that is not needed any more, until ctx ends.
func (l *Limiter) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		server := l.current.Load().server
		running, end := context.WithCancel(ctx)
		var ended sync.WaitGroup
		if server != nil {
			ended.Go(func() { l.runServer(running, server) }) // ends by end
		}
		l.await(ctx, server)
		end()
		ended.Wait()
	}
	return nil
}

func (l *Limiter) runServer(ctx context.Context, server *shared.Server) {
	if err := server.Run(ctx); err != nil {
		l.log.Debug("redis not left well", "error", err)
	}
}

// await tidies until ctx ends, or another server is in force.
func (l *Limiter) await(ctx context.Context, server *shared.Server) {
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.changed:
			if l.current.Load().server != server {
				return
			}
		case <-ticker.C:
			for _, r := range l.current.Load().rules {
				r.state.tidy(l.now())
			}
		}
	}
}

// now is in microseconds from some moment on, and never 0. No change of the system's clock changes it.
func (l *Limiter) now() int64 { return time.Since(l.begun).Microseconds() + 1 }

// hold takes a place among so many requests that may wait, if there is one.
func (l *Limiter) hold(most int) bool {
	if l.delayed.Add(1) > int64(most) {
		l.delayed.Add(-1)
		return false
	}
	return true
}

// Stat is what a limit has done since there is one of its name and key.
type Stat struct {
	Name string
	// Passed, Refused and Delayed are requests; those that were delayed have passed, too.
	Passed, Refused, Delayed int64
	// Spared are those that a dry run would have refused.
	Spared int64
	// Alone are those that this process decided about by itself, as Redis did not answer.
	Alone int64
	// Keys is how many keys are remembered.
	Keys int
}

// RedisState is that of the Redis of the limits in force.
type RedisState struct {
	// State is "none" where no limit is shared, else "up" or "down".
	State string
	// Since is when that began; zero if there is none.
	Since time.Time
	// Errors is how often it has failed since it was put in force.
	Errors uint64
}

// Redis returns the state of the Redis in force.
func (l *Limiter) Redis() RedisState {
	server := l.current.Load().server
	if server == nil {
		return RedisState{State: "none"}
	}
	state := RedisState{State: "down", Since: server.Since(), Errors: server.Errors()}
	if server.Up() {
		state.State = "up"
	}
	return state
}

// Stats are those of the limits in force.
func (l *Limiter) Stats() []Stat {
	var stats []Stat
	for _, r := range l.current.Load().rules {
		stats = append(stats, r.state.stat(l.now()))
	}
	return stats
}
