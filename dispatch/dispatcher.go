// Package dispatch decides whether, when and where a request runs: at once on a free thread, after a wait in a bounded
// queue, or not at all. It owns the deadlines of running requests and what becomes of a thread whose request is over.
//
// It promises that every request gets exactly one result, that requests start in the order in which they came, and that a
// thread is given the next request only when it is back. It knows neither HTTP nor sockets.
package dispatch

import (
	"context"
	"fmt"
	"log/slog"
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

	// drivers run what goes on on a thread without a connection that waits for it. Each thread has at most one driver,
	// so the pool is as large as there are threads and Invoke never waits for long.
	drivers *ants.PoolWithFuncGeneric[job]

	mu       sync.Mutex
	lanes    []*lane
	threads  int // of all lanes
	drivable int // the same, and those of withdrawn lanes that are not empty yet
	queue    queue
	pace     pace

	waiting chan struct{} // holds an entry while the queue may not be empty; wakes Run
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

// Run lets requests that have waited too long go, until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			d.expire(time.Time{})
			d.drivers.Release()
			return nil
		case <-d.waiting:
		case <-timer.C:
		}
		if next, any := d.expire(time.Now()); any {
			timer.Reset(next)
		}
	}
}

// Do runs req and returns the application's response, which the caller closes. It blocks until the head of the response
// is there, or an error: an *OverloadError, ErrClientGone, ErrTimeout, ErrWorkerDied or an *ApplicationError. req is the
// caller's again when Do returns; its Trace then says how it fared.
func (d *Dispatcher) Do(req *python.Request) (*python.Response, error) {
	for {
		resp, err := d.try(req)
		if err == nil || !d.again(req, err) {
			return resp, refused(req, err)
		}
		d.log.Warn("request is run again", "method", req.Method, "target", string(req.Target),
			"request_id", string(req.ID), "error", err)
	}
}

func (d *Dispatcher) try(req *python.Request) (*python.Response, error) {
	t, w, err := d.admit(req)
	switch {
	case err != nil:
		return nil, err
	case t != nil: // a thread was idle: this goroutine runs the exchange itself
		resp, rest, err := d.exchange(t, req)
		d.settle(t, rest)
		return resp, err
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
	if d.queue.len() == 0 {
		if t := d.takeIdle(); t != nil {
			d.mu.Unlock()
			return t, nil, nil
		}
	}
	if d.queue.len() >= d.cfg().QueueSize {
		err := d.overload(ErrQueueFull)
		d.mu.Unlock()
		return nil, nil, err
	}
	w := newWaiter(req)
	d.queue.push(w)
	first := d.queue.len() == 1
	d.mu.Unlock()
	if first {
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

// expire answers the requests that came before the queue's age limit, or all when now is zero, and returns how long the
// oldest that is left may still wait.
func (d *Dispatcher) expire(now time.Time) (next time.Duration, any bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.queue.len() > 0 {
		oldest := d.queue.front()
		left := d.cfg().QueueTimeout - now.Sub(oldest.since)
		if left > 0 && !now.IsZero() {
			return left, true
		}
		d.queue.pop()
		oldest.waited = time.Since(oldest.since)
		oldest.finish(nil, d.overload(ErrQueueTimeout))
	}
	return 0, false
}

// overload tells a refused client when to come back: when what waits now has been served at the present pace.
func (d *Dispatcher) overload(reason error) error {
	return &OverloadError{Reason: reason, RetryAfter: d.pace.drain(d.queue.len(), d.threads)}
}
