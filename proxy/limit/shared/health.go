package shared

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"forebay/proxy/limit/gcra"
)

const (
	// late is how many batches in a row may be late before Redis counts as failed. One may have been unlucky; an
	// error is none.
	late = 3
	// firstRetry is the first pause before Redis is tried again.
	firstRetry = 50 * time.Millisecond
	// steady is how long Redis must have answered for the pauses to begin anew at firstRetry.
	steady = 10 * time.Second
)

// health is whether Redis answers: a circuit breaker. Requests may fail, and only a probe makes it well.
type health struct {
	up     atomic.Bool
	late   atomic.Int32 // batches in a row
	failed chan error   // has an entry when Redis has failed since

	since  atomic.Int64  // when up became what it is, in nanoseconds since the epoch
	errors atomic.Uint64 // batches that came to nothing, or came late

	// lost says that Redis has failed once, and again is when it was tried last after that. Both belong to watch.
	lost  bool
	again time.Time
}

// turn notes that Redis answers from now on, or does not, and reports whether that is new.
func (h *health) turn(up bool) bool {
	if !h.up.CompareAndSwap(!up, up) {
		return false
	}
	h.since.Store(time.Now().UnixNano())
	return true
}

// note takes the outcome of a batch in.
func (h *health) note(err error) {
	switch {
	case err == nil:
		if h.late.Load() != 0 {
			h.late.Store(0)
		}
		return
	case errors.Is(err, context.Canceled), errors.Is(err, ErrDown): // nothing was asked
		return
	}
	h.errors.Add(1)
	if isLate(err) && h.late.Add(1) < late {
		return
	}
	if h.turn(false) {
		select {
		case h.failed <- err:
		default:
		}
	}
}

// isLate tells an answer that did not come in time from an error.
func isLate(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, redis.ErrPoolTimeout) || (errors.As(err, &timeout) && timeout.Timeout())
}

// watch tries a Redis that does not answer until it does, and says while it does that this process is there, until ctx
// ends. It logs a line for each change, and pauses so that there are few of them even if Redis fails whenever it was reached.
func (s *Server) watch(ctx context.Context) {
	defer s.health.turn(false)
	retry := backoff{next: firstRetry, most: s.cfg.Retry}
	for first := true; ; first = false {
		if !s.regain(ctx, &retry, first) {
			return
		}
		began := time.Now()
		s.health.late.Store(0)
		s.health.turn(true)
		s.flights.recount()
		s.log.Info("redis reached, limits are shared", "processes", s.Nodes())
		err := s.accompany(ctx)
		if err == nil {
			return
		}
		s.health.lost = true
		s.log.Warn("redis lost, each process limits by itself", "error", err)
		if time.Since(began) > steady {
			retry.next = firstRetry
		} else if !retry.pause(ctx) {
			return
		}
	}
}

// regain tries Redis until it answers, and reports whether it did before ctx ended.
func (s *Server) regain(ctx context.Context, retry *backoff, first bool) bool {
	for err := s.reach(ctx); err != nil; err = s.reach(ctx) {
		if ctx.Err() != nil {
			return false
		}
		if first {
			s.log.Warn("redis not reached, each process limits by itself", "error", err)
			first = false
		}
		if !retry.pause(ctx) {
			return false
		}
	}
	return true
}

// reach tries Redis as requests would use it: connected already, in time, and for writing.
func (s *Server) reach(ctx context.Context) error {
	select {
	case err := <-s.health.failed:
		s.log.Debug("redis had failed", "error", err) // a batch that ended when it was known already
	default:
	}
	if s.health.lost {
		s.health.again = time.Now()
	}
	limit, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := s.connect(limit); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.probe, s.appear} {
		brief, cancelBrief := context.WithTimeout(limit, s.cfg.Timeout)
		err := step(brief)
		cancelBrief()
		if err != nil {
			return err
		}
	}
	return nil
}

// probe takes of a rate. A Redis that has no memory left refuses that, as it is the first thing that would be written, and
// lets through what begins by removing something, as appear does.
func (s *Server) probe(ctx context.Context) error {
	rate := gcra.Limit{Interval: 1000, Burst: 1000, Ceiling: 1000}
	return s.ask(ctx, &batch{calls: []*Call{{Steps: []Step{{Kind: KindCharge, Key: s.prefix + "probe", Rate: rate, Most: 1}}}}})
}

// connect opens all connections and brings the script, without haste.
func (s *Server) connect(ctx context.Context) error {
	errs := make([]error, s.cfg.Connections)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = s.client.Ping(ctx).Err() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return s.appear(ctx)
}

// accompany says from time to time that this process shares, until Redis fails, with its error, or ctx ends.
func (s *Server) accompany(ctx context.Context) error {
	ticker := time.NewTicker(presence)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.health.failed:
			return err
		case <-ticker.C:
			limit, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
			s.health.note(s.appear(limit))
			cancel()
		}
	}
}
