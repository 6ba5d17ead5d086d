package dispatch

import (
	"errors"
	"fmt"
	"time"

	"forebay/python"
	"forebay/workers"
)

// Under a backlog of short requests a thread is given several at once: one write, one wake-up and mostly one read carry
// them all. That is right only as long as none of them makes the others wait; so the ones behind a request that turns out not
// to be short are taken back from the worker, which says which of them it has not begun, and are the first to run elsewhere.
//
// The worker holds the answers of a batch back for a moment, and when it dies in that, those are lost whose requests have
// been run to their end. Who sent one that must not be run twice would be told that it failed, so the answers to those leave
// at once, see python.FlagOnce.
const (
	// maxBatch is how many requests a thread is given at once.
	maxBatch = 16
	// shortRequest is what requests have to take on average for batches to be made.
	shortRequest = time.Millisecond
	// stall is how long a request may take before those behind it are taken back.
	stall = 5 * time.Millisecond
)

// gather takes further requests from the queue of first to go in one batch with it. The caller holds the lock.
func (d *Dispatcher) gather(t *thread, first *waiter, now time.Duration) {
	if d.takes() > shortRequest || !batchable(first.req) || t.unanswered() {
		return
	}
	s := first.share
	most := min(maxBatch, s.queue.len()/max(1, len(d.lanes))+1)
	size := len(first.req.Frame())
	for len(t.behind) < most-1 && s.queue.len() > 0 {
		w := s.next()
		if size += len(w.req.Frame()); size > t.slot.BatchSize() || !batchable(w.req) || d.othersBefore(w) {
			return
		}
		s.take(w, now)
		t.behind = append(t.behind, w)
	}
}

// othersBefore reports whether a request of another share comes before one.
func (d *Dispatcher) othersBefore(w *waiter) bool {
	for _, s := range d.shares {
		if s == w.share {
			continue
		}
		if other := s.next(); other != nil && other.since < w.since && d.mayStart(s, 1+d.idleThreads()) {
			return true
		}
	}
	return false
}

// batchable reports whether a request may share a write with others: one with a file asks for it in the middle, and one
// that may have cost a worker its life runs alone, so that it takes no others with it and is known when it does it again.
func batchable(req *python.Request) bool {
	return req.File == nil && req.Trace.Tries == 0
}

// unanswered reports whether the worker still owes the answer to a recall of an earlier batch. A recall of the next one
// could not be told from it.
func (t *thread) unanswered() bool {
	if !t.slot.Recalling() {
		return false
	}
	_, err := t.slot.Recall(0)
	return err != nil
}

// sendBatch gives a thread a request together with those behind it. It begins at since.
func (d *Dispatcher) sendBatch(t *thread, req *python.Request, since time.Time) error {
	t.reqs = append(t.reqs[:0], req)
	for _, w := range t.behind {
		t.reqs = append(t.reqs, w.req)
	}
	t.limit = d.cfg().timeout(req.Path)
	err := t.slot.SendAll(t.reqs, d.isRepeatable, t.deadline(since))
	clear(t.reqs)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	t.given, t.begun, t.hand = true, false, 0
	t.slot.Begin(req)
	return nil
}

// fits reports whether the thread, which is idle, can be given a request without a wait. Of a batch gather has seen to that.
func (t *thread) fits(w *waiter) bool { return t.given || t.slot.Fits(len(w.req.Frame())) }

// behindNext returns the request that the thread was given next, or nil at the end of a batch.
func (t *thread) behindNext() *waiter {
	if len(t.behind) == 0 {
		t.given = false
		return nil
	}
	w := t.behind[0]
	t.behind = t.behind[:copy(t.behind, t.behind[1:])]
	return w
}

// errTakenBack says that the thread had not even begun the one that it was to run, which was recalled with the others.
var errTakenBack = errors.New("the thread had not begun it")

// receive waits for the next frame of the request that runs on a thread, and takes back those behind it when that takes
// more than a moment. The caller of errTakenBack has the request to send again.
func (d *Dispatcher) receive(t *thread, deadline time.Time) (python.Frame, error) {
	for t.given && !t.begun && (len(t.behind) > 0 || t.slot.Recalling()) {
		soon := t.since.Add(stall)
		if t.slot.Recalling() {
			soon = time.Now().Add(stall)
		}
		if !deadline.IsZero() && deadline.Before(soon) {
			break
		}
		frame, err := t.slot.Receive(soon)
		if !errors.Is(err, workers.ErrDeadline) {
			return frame, err
		}
		if err := d.recall(t, stall); err != nil {
			return python.Frame{}, err
		}
	}
	return t.slot.Receive(deadline)
}

// recall takes back what a thread was given and has not begun, and has those run elsewhere that are behind the one that it
// runs. A worker that does not answer keeps them until it does: running a request twice would be worse than running it
// late.
func (d *Dispatcher) recall(t *thread, wait time.Duration) error {
	n, err := t.slot.Recall(wait)
	if err != nil { // if that is because it has died, the next Receive says so, too
		return nil
	}
	t.begun = true
	kept := len(t.behind) - min(n, len(t.behind))
	back := t.behind[kept:]
	t.behind = t.behind[:kept]
	d.requeue(back)
	if n > len(back) {
		return errTakenBack
	}
	return nil
}

// requeue puts requests back to their places in the queue, and starts as many as there are idle threads.
func (d *Dispatcher) requeue(back []*waiter) {
	if len(back) == 0 {
		return
	}
	d.mu.Lock()
	for _, w := range back {
		w.share.queue.insert(w)
	}
	d.counts.recalled += uint64(len(back))
	d.mu.Unlock()
	clear(back)
	d.wake()
	d.rouse()
}

// abandon answers for the requests that a lost thread was given behind the one that it ran. err is for those that it may
// have begun, and for each of them that is a try: it may have been the one that cost the thread. died says that the process
// has ended, so that it is known which ones those are.
func (d *Dispatcher) abandon(t *thread, err error, died bool) {
	begun, known := 0, false
	if died && len(t.behind) > 0 {
		begun, known = t.slot.Begun()
	}
	for w := t.behindNext(); w != nil; w = t.behindNext() {
		w.waited = now() - w.since // nobody knows how much of it one ran that has begun
		begun--
		if known && begun < 1 && w.req.Trace.Missed < maxMissed {
			w.req.Trace.Missed++
			d.finish(w, nil, fmt.Errorf("%w: %w", errNotBegun, err))
			continue
		}
		w.req.Trace.Tries++
		d.finish(w, nil, err)
	}
}
