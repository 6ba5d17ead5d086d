// Package dispatch decides whether, when and where a request runs: at once on a free thread, after a wait in a bounded
// queue, or not at all. It owns the deadlines of running requests and what becomes of a thread whose request is over.
//
// It promises that every request gets exactly one result, that requests start in the order in which they came (the newest
// first in a surge, see there; and none before its path prefix may have another thread), that nothing is run for a client
// that is known to have left, and that a thread is given the next request only when it is back. It knows neither HTTP nor
// sockets.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// Dispatcher brings requests and threads together. Its methods are safe for concurrent use.
//
// One lock guards the queue and the idle threads together, as a decision about one always needs the other. It is held for
// some tens of nanoseconds, twice a request, and never across a system call.
type Dispatcher struct {
	settings   atomic.Pointer[settings]
	log        *slog.Logger
	diskLogged atomic.Int64 // when a line about the disk was logged last, in nanoseconds since the epoch

	// drivers run what goes on on a thread without a connection that waits for it. Invoke never waits for long: see tune.
	drivers *ants.PoolWithFuncGeneric[job]

	mu       sync.Mutex
	lanes    []*lane
	threads  int      // of all lanes
	drivable int      // the same, and those of withdrawn lanes that are not empty yet
	away     int      // drivers that have left theirs to another one
	common   *share   // of all requests that have no other
	shares   []*share // the common one first
	byPath   []*share // of each path prefix
	divided  bool     // there are others than the common one
	watched  bool     // Run comes by itself before a request that comes now has waited too long
	minds    bool     // and soon enough for threads that rest
	pace     pace
	verdict  verdict
	effort   effort
	counts   counts

	retries atomic.Uint64 // requests that were run again

	waiting chan struct{} // holds an entry when something waits that Run does not know of
}

// New makes a dispatcher without threads: they come by Offer. paths are what differs for the requests of some path
// prefixes, and limits are those of each response's spool.
func New(cfg config.Dispatch, paths []config.Path, limits spool.Limits, log *slog.Logger) (*Dispatcher, error) {
	d := &Dispatcher{log: log, waiting: make(chan struct{}, 1)}
	d.set(cfg, paths, limits)
	var err error
	// Without a purge: idle drivers cost little, and the next burst finds them warm.
	d.drivers, err = ants.NewPoolWithFuncGeneric(1, d.drive, ants.WithDisablePurge(true), ants.WithLogger(antsLog{log}))
	if err != nil {
		return nil, fmt.Errorf("make the pool of drivers: %w", err)
	}
	return d, nil
}

// antsLog takes what ants has to say, which is only ever about a panic.
type antsLog struct{ log *slog.Logger }

func (l antsLog) Printf(format string, args ...any) {
	l.log.Error("driver pool", "error", fmt.Sprintf(format, args...))
}

// Run lets requests go that have waited too long, and those whose clients have left, until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	swept := now()
	for {
		select {
		case <-ctx.Done():
			d.expire(forever)
			d.drivers.Release()
			return nil
		case <-d.waiting:
		case <-timer.C:
		}
		now := now()
		d.relieve(now)
		if now-swept >= sweepInterval {
			d.sweep()
			swept = now
		}
		if next, any := d.expire(now); any {
			timer.Reset(min(next, sweepInterval-(now-swept)))
		}
	}
}

// Alive returns when the dispatcher can be had for a moment, which is at once unless something is badly wrong: then it
// blocks. It is what a watchdog asks.
func (d *Dispatcher) Alive() {
	d.mu.Lock()
	defer d.mu.Unlock()
}

// Do runs req and returns the application's response, which the caller closes. It blocks until the head of the response
// is there, or an error: an *OverloadError, ErrClientGone, ErrTimeout, ErrWorkerDied or an *ApplicationError. req is the
// caller's again when Do returns; its Trace then says how it fared.
//
// Where req has a Caller and all threads are busy, it does not block: the error is ErrQueued, and the caller is told the
// result when it is there. Until then req is not to be touched.
func (d *Dispatcher) Do(req *python.Request) (*python.Response, error) {
	resp, err := d.try(req)
	if err != nil && !errors.Is(err, ErrQueued) {
		return d.persist(req, err)
	}
	return resp, err
}

// persist runs a request again that has failed, if that may be, and returns its last result. It blocks.
func (d *Dispatcher) persist(req *python.Request, err error) (*python.Response, error) {
	var resp *python.Response
	for err != nil && d.again(req, err) {
		d.retries.Add(1)
		d.log.Warn("request is run again", "method", req.Method, "target", string(req.Target),
			"request_id", string(req.ID), "error", err)
		req.Caller = nil
		resp, err = d.try(req)
	}
	return resp, refused(req, err)
}

func (d *Dispatcher) try(req *python.Request) (*python.Response, error) {
	queued := req.Caller != nil
	t, w, err := d.admit(req)
	switch {
	case err != nil:
		return nil, err
	case t != nil: // a thread was idle: this goroutine runs the exchange itself
		if queued {
			req.Caller.Leave()
		}
		d.teach(t)
		resp, rest, err := d.exchange(t, req, time.Now())
		d.settle(t, rest)
		return resp, err
	case queued:
		return nil, ErrQueued
	}
	<-w.done
	resp, err := w.resp, w.err
	req.Trace.Queued += w.waited
	w.free()
	return resp, err
}

// admit takes an idle thread for req, or a place in the queue.
func (d *Dispatcher) admit(req *python.Request) (*thread, *waiter, error) {
	d.mu.Lock()
	s := d.common
	if d.divided {
		s = d.shareOf(req.Path)
	}
	if s.queue.len() == 0 && (!d.divided || d.mayStart(s, d.idleThreads())) && !d.isServed() {
		if t := d.takeIdle(); t != nil {
			t.assign(s)
			d.mu.Unlock()
			return t, nil, nil
		}
	}
	if s.queue.len() >= s.size {
		err := d.turnAway(s)
		d.mu.Unlock()
		return nil, nil, err
	}
	w := newWaiter(req, s)
	s.surge.arrive(w.since, s)
	s.queue.insert(w)
	watched := d.watched
	d.watched = true
	d.mu.Unlock()
	if !watched {
		d.wake()
	}
	return nil, w, nil
}

func (d *Dispatcher) wake() {
	select {
	case d.waiting <- struct{}{}:
	default:
	}
}

// expire answers the requests that came before the age limit of their queue. It returns when to come again: before the oldest that is left has waited too long, and before one that comes meanwhile has. If nothing is
// left it need not, until it is woken.
func (d *Dispatcher) expire(now time.Duration) (next time.Duration, any bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next = time.Hour
	for _, s := range d.shares {
		next = min(next, s.timeout)
		for w := s.queue.first; w != nil; w = s.queue.first {
			left := s.timeout - (now - w.since)
			if left > 0 {
				next, any = min(next, left), true
				break
			}
			d.tooLate(w)
		}
	}
	d.watched, d.minds = any, any && d.idleThreads() > 0
	if d.minds {
		next = min(next, d.soonest(now))
	}
	return next, any
}

// forever is after every request has waited too long.
const forever = time.Duration(math.MaxInt64)

// tooLate answers a request that has waited too long. In a surge that is no sign that it goes on: what is left waiting by
// the surge comes to this.
func (d *Dispatcher) tooLate(w *waiter) {
	s, now := w.share, now()
	s.queue.remove(w)
	w.waited = now - w.since
	if !s.surge.newestFirst() {
		s.surge.lose(now, s)
	}
	d.finish(w, nil, d.overload(s, ErrQueueTimeout))
}

// turnAway refuses a request for which there is no place.
func (d *Dispatcher) turnAway(s *share) error {
	s.surge.lose(now(), s)
	return d.overload(s, ErrQueueFull)
}

// overload tells a refused client when to come back: when what waits now has been served at the present pace.
func (d *Dispatcher) overload(s *share, reason error) error {
	after, known := s.surge.drain(s.queue.len())
	if !known {
		threads := d.threads
		if s.slots > 0 {
			threads = min(threads, s.slots)
		}
		after = d.pace.drain(s.queue.len(), threads)
	}
	return &OverloadError{Reason: reason, RetryAfter: seconds(after)}
}

// seconds rounds up, to between a second and a minute.
func seconds(d time.Duration) time.Duration {
	return min(max(d.Truncate(time.Second)+time.Second, time.Second), time.Minute)
}
