package shared

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// late is how many batches in a row may be late before Redis counts as failed. One may have been unlucky; an
	// error is none.
	late = 3
	// firstRetry is the first pause before Redis is tried again.
	firstRetry = 50 * time.Millisecond
	// steady is how long Redis must have answered for the pauses to begin anew at firstRetry.
	steady = 10 * time.Second
	// presence is how often a process says that it shares, and gone is when one that has not is not counted.
	presence = 5 * time.Second
	gone     = 3 * presence
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
// ends. It logs a line for each change.
func (s *Server) watch(ctx context.Context) {
	defer s.health.turn(false)
	retry := firstRetry
	for first := true; ; first = false {
		tries := 0
		err := s.reach(ctx)
		for ; err != nil; err = s.reach(ctx) {
			if ctx.Err() != nil {
				return
			}
			if first && tries == 0 {
				s.log.Warn("redis not reached, each process limits by itself", "error", err)
			}
			tries++
			if !pause(ctx, retry/2+rand.N(retry/2)) { //nolint:gosec // so that not all come back at the same moment
				return
			}
			retry = min(2*retry, s.cfg.Retry)
		}
		began := time.Now()
		s.health.late.Store(0)
		s.health.turn(true)
		s.flights.recount()
		s.log.Info("redis reached, limits are shared", "processes", s.Nodes())
		err = s.accompany(ctx)
		if err == nil {
			return
		}
		s.health.lost = true
		s.log.Warn("redis lost, each process limits by itself", "error", err)
		if time.Since(began) > steady {
			retry = firstRetry
		}
	}
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
	for range 2 { // the first may have had to bring the script
		brief, cancelBrief := context.WithTimeout(limit, s.cfg.Timeout)
		err := s.appear(brief)
		cancelBrief()
		if err != nil {
			return err
		}
	}
	return nil
}

// connect opens all connections and brings the script, without haste.
func (s *Server) connect(ctx context.Context) error {
	errs := make([]error, s.cfg.Connections)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = s.client.Ping(ctx).Err() })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return errs[0]
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

// appear counts this process among those that share, and counts them.
func (s *Server) appear(ctx context.Context) error {
	b := batch{calls: []*Call{{posted: true, Steps: []Step{{
		Kind: KindFlight, Key: s.prefix + "processes", Most: everybody, Expire: gone,
	}}}}}
	b.encode()
	reply, err := script.Run(ctx, s.client, b.keys, b.packed, s.name).Text()
	if err != nil {
		return err
	}
	if err := b.decode(reply); err != nil {
		return err
	}
	if s.cfg.Nodes == 0 {
		s.counted(b.calls[0].Steps[0].Level)
	}
	return nil
}

// counted notes how many processes there are. A Redis that has lost its data counts them as they come back: until all have
// had the time for it, there are not fewer than before.
func (s *Server) counted(nodes int64) {
	if !s.health.again.IsZero() && time.Since(s.health.again) < gone {
		nodes = max(nodes, s.nodes.Load())
	}
	s.nodes.Store(max(1, nodes))
}

// everybody is more than any number of processes, or of requests in flight.
const everybody = 1 << 50

// leave takes this process from those that share, so that the share of the others grows at once, and its requests from those
// in flight, as nobody would hear of them any more.
func (s *Server) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeout)
	defer cancel()
	calls := append(s.flights.releases(), &Call{Steps: []Step{{Kind: KindRelease, Key: s.prefix + "processes"}}})
	for some := range slices.Chunk(calls, s.cfg.Batch) {
		b := batch{calls: some}
		b.encode()
		if err := script.Run(ctx, s.client, b.keys, b.packed, s.name).Err(); err != nil {
			s.log.Debug("redis not told of the end", "error", err) // it finds out in a while
			return
		}
	}
}

// pause lets a time pass, and reports whether it did before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
