package dispatch

import (
	"fmt"
	"runtime/debug"
	"time"

	"forebay/python"
	"forebay/workers"
)

// driver is a goroutine that takes a thread from request to request for as long as any wait. It also tells the callers of
// those the results who do not wait for them: when the thread has been given its next requests, so that it runs them
// meanwhile. A caller that has to wait for its client leaves the thread, and the results that are left, to another driver.
type driver struct {
	d *Dispatcher
	job
	left bool // to another one
}

// job is what a driver begins with.
type job struct {
	thread *thread // nil: it was given back, or lost
	rest   rest    // what it still does for the request before
	waiter *waiter // what it runs then; nil: what the queue has
	sent   bool    // it has been given that, which
	since  time.Time
	owed   []*waiter // the results of these are still to be told to their callers
}

// settle sees to it that a thread is used again, without blocking the caller.
func (d *Dispatcher) settle(t *thread, r rest) {
	switch r.state {
	case idle:
		d.giveBack(t)
	case lost:
		d.drop(t)
	default:
		d.start(job{thread: t, rest: r})
	}
}

// start hands a job to a driver.
func (d *Dispatcher) start(j job) {
	if err := d.drivers.Invoke(j); err != nil { // the pool is closed: we are going down
		d.refuse(j, err)
	}
}

// refuse answers for a job that no driver will do.
func (d *Dispatcher) refuse(j job, err error) {
	err = fmt.Errorf("%w: %w", workers.ErrWorkerDied, err)
	if j.rest.stream != nil {
		j.rest.stream.End(err)
	}
	if j.waiter != nil {
		d.finish(j.waiter, nil, err)
	}
	for _, w := range j.owed {
		d.finish(w, w.resp, w.err)
	}
	if j.thread != nil {
		d.drop(j.thread)
	}
}

// tune has as many drivers as may be at work at once: one for each thread, one that tells the last results of a thread that
// has another one already, and those that have left. The caller holds the lock.
func (d *Dispatcher) tune() {
	if n := 2*d.drivable + d.away; n > 0 { // a pool of ants cannot be without a place
		d.drivers.Tune(n)
	}
}

// drive is what a driver's goroutine runs.
func (d *Dispatcher) drive(j job) {
	v := &driver{d: d, job: j}
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("driver panicked", "panic", p, "stack", string(debug.Stack()))
			d.refuse(v.job, fmt.Errorf("panic: %v", p))
		}
		if v.left {
			d.count(-1)
		}
	}()
	v.run()
}

func (v *driver) run() {
	for v.begin() {
		if !v.thread.slot.AtHand() && !v.tell() {
			return
		}
		resp, r, err := v.d.run(v.thread, v.waiter.req, v.since)
		w := v.waiter
		v.waiter, v.sent, v.rest = nil, false, r
		v.give(w, resp, err)
	}
	v.tell()
}

// begin has the thread begin its next request. It reports false if there is none, if the thread is lost, or if it is another
// driver's.
func (v *driver) begin() bool {
	d, t := v.d, v.thread
	for !v.sent {
		if t == nil || v.rest.state != idle && !v.tell() {
			return false
		}
		if !d.see(t, v.rest) {
			v.thread = nil
			return false
		}
		v.rest = rest{}
		if v.waiter == nil {
			v.waiter = d.next(t)
		} else {
			v.waiter = d.living(t, v.waiter)
		}
		if v.waiter == nil {
			v.thread = nil
			return false
		}
		if !t.fits(v.waiter) && !v.tell() {
			return false
		}
		if err := v.send(); err != nil {
			w := v.waiter
			v.waiter, v.rest = nil, rest{state: lost}
			v.give(w, nil, err)
		}
	}
	return true
}

// send gives the thread the request that it runs next, with those that go in one batch with it, unless it has it already.
func (v *driver) send() (err error) {
	t, w := v.thread, v.waiter
	if t.given {
		v.since = t.free // the end of the one before it in the batch
		t.slot.Begin(w.req)
	} else {
		v.since = time.Now()
		t.beginWatch(v.since.Sub(began))
		v.d.teach(t)
		if len(t.behind) > 0 {
			err = v.d.sendBatch(t, w.req, v.since)
		} else {
			err = v.d.send(t, w.req, v.since)
		}
	}
	w.waited = v.since.Sub(began) - w.since
	v.sent = err == nil
	return err
}

// give sees to the result of a request that has run: it is told here if that takes but a moment.
func (v *driver) give(w *waiter, resp *python.Response, err error) {
	if w.caller == nil || err != nil || !isBrief(resp) {
		v.d.finish(w, resp, err)
		return
	}
	w.resp = resp
	v.owed = append(v.owed, w)
}

// isBrief reports whether a response is sent in a moment to a client that takes it.
func isBrief(resp *python.Response) bool {
	const most = 64 << 10
	return resp.Stream == nil && resp.File == nil && len(resp.Body) <= most
}

// tell tells callers the results that are owed to them. It reports false if the thread is another driver's now, and all that
// is left to do.
func (v *driver) tell() bool {
	for len(v.owed) > 0 {
		w := v.owed[0]
		v.owed = v.owed[:copy(v.owed, v.owed[1:])]
		v.d.tell(w, v)
		if v.left {
			return false
		}
	}
	return true
}

// Leave has another driver go on. It implements python.Lead.
func (v *driver) Leave() {
	next := v.job
	v.job, v.left = job{}, true
	v.d.count(1)
	if next.thread != nil || len(next.owed) > 0 {
		v.d.start(next)
	}
}

// count counts the drivers that have left, by one more or less.
func (d *Dispatcher) count(change int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away += change
	d.tune()
}

// finish gives a request's result to who waits for it, or sees to it that the caller is told. It does not block.
func (d *Dispatcher) finish(w *waiter, resp *python.Response, err error) {
	w.resp, w.err = resp, err
	if w.caller != nil {
		go d.tell(w, nil) // ends when the caller has done with it
		return
	}
	w.done <- struct{}{}
}

// tell tells a caller the result of its request.
func (d *Dispatcher) tell(w *waiter, lead python.Lead) {
	req, caller, resp, err := w.req, w.caller, w.resp, w.err
	req.Trace.Queued += w.waited
	w.free()
	if err != nil {
		resp, err = d.persist(req, err)
	}
	caller.Answered(resp, err, lead)
}
