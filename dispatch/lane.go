package dispatch

import (
	"fmt"
	"time"

	"forebay/python"
	"forebay/workers"
)

// lane is a worker as dispatch sees it: which of its threads are idle. Guarded by Dispatcher.mu.
type lane struct {
	worker    *workers.Worker
	idle      []*thread // the one that came back last is at the end
	lent      int
	withdrawn bool
	broken    bool          // a thread was lost: the worker is about to be withdrawn
	empty     chan struct{} // closed when withdrawn and nothing is lent
}

// thread is a slot in its lane. It belongs to one goroutine at a time, like the slot.
type thread struct {
	lane *lane
	slot *workers.Slot

	since  time.Time         // when the one that runs was begun
	limit  time.Duration     // how long it may take to its head, and then between two chunks; 0: no limit
	given  bool              // the requests of behind were sent together with the one that runs
	begun  bool              // and it is known that it has begun them all
	behind []*waiter         // requests that run next on it
	reqs   []*python.Request // memory for startBatch
}

// Offer makes the threads of a ready worker available. It implements workers.Host.
func (d *Dispatcher) Offer(w *workers.Worker) {
	l := &lane{worker: w, empty: make(chan struct{})}
	d.mu.Lock()
	d.lanes = append(d.lanes, l)
	d.threads += len(w.Slots())
	d.drivable += len(w.Slots())
	d.drivers.Tune(d.drivable)
	l.lent = len(w.Slots())
	d.mu.Unlock()
	for _, slot := range w.Slots() {
		d.giveBack(&thread{lane: l, slot: slot})
	}
}

// Withdraw takes a worker's threads out of use. It implements workers.Host.
func (d *Dispatcher) Withdraw(w *workers.Worker) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range d.lanes {
		if l.worker != w {
			continue
		}
		d.lanes = append(d.lanes[:i], d.lanes[i+1:]...)
		d.threads -= len(w.Slots())
		l.withdrawn, l.idle = true, nil
		if l.lent == 0 {
			d.emptied(l)
		}
		return l.empty
	}
	none := make(chan struct{})
	close(none)
	return none
}

// takeIdle takes a thread of the worker with the fewest that are busy, so that two threads do not share one GIL while
// another process idles; of its threads the one that came back last, whose caches are warm. It returns nil if all are
// busy. The caller holds the lock.
func (d *Dispatcher) takeIdle() *thread {
	var best *lane
	for _, l := range d.lanes {
		if len(l.idle) > 0 && (best == nil || l.lent < best.lent) {
			best = l
		}
	}
	if best == nil {
		return nil
	}
	last := len(best.idle) - 1
	t := best.idle[last]
	best.idle = best.idle[:last]
	best.lent++
	return t
}

// giveBack makes a thread that is back available: to the oldest request that waits, else to the next that comes.
func (d *Dispatcher) giveBack(t *thread) {
	if w := d.next(t); w != nil {
		d.start(job{thread: t, waiter: w})
	}
}

// next returns the request that a thread runs next: of the batch that it was given, else the oldest that waits. If there
// is none it gives the thread back and returns nil.
func (d *Dispatcher) next(t *thread) *waiter {
	if w := t.behindNext(); w != nil {
		return w
	}
	for {
		w := d.popFor(t)
		if w == nil {
			return nil
		}
		if w = t.dropGone(w); w != nil {
			return w
		}
	}
}

// dropGone takes the requests out of a batch that is about to be sent whose clients have left, and returns the first of
// the others, or nil.
func (t *thread) dropGone(first *waiter) *waiter {
	if first.waited < goneCheck { // those behind it came later
		return first
	}
	all := append([]*waiter{first}, t.behind...)
	first, t.behind = nil, t.behind[:0]
	for _, w := range all {
		switch {
		case w.waited >= goneCheck && w.req.Client.Gone():
			w.finish(nil, ErrClientGone)
		case first == nil:
			first = w
		default:
			t.behind = append(t.behind, w)
		}
	}
	return first
}

// goneCheck is how long a request must have waited for a look at its client to be worth the system call.
const goneCheck = 20 * time.Millisecond

// popFor takes the oldest request that waits, and those that go in one batch with it, for a thread; or gives it back.
func (d *Dispatcher) popFor(t *thread) *waiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := t.lane
	if l.withdrawn || l.broken {
		d.returned(l)
		return nil
	}
	if d.queue.len() > 0 {
		w := d.queue.pop()
		w.waited = time.Since(w.since)
		if d.queue.len() > 0 {
			d.gather(t, w)
		}
		return w
	}
	l.lent--
	l.idle = append(l.idle, t)
	return nil
}

// lose forgets a thread that will not come back. Of its process, which is about to be withdrawn and may be dead already, no
// other is lent: each would cost a request one of its tries.
func (d *Dispatcher) lose(t *thread) {
	t.abandon(fmt.Errorf("%w: %w", workers.ErrWorkerDied, errNotBegun))
	d.mu.Lock()
	defer d.mu.Unlock()
	t.lane.broken, t.lane.idle = true, nil
	d.returned(t.lane)
}

func (d *Dispatcher) returned(l *lane) {
	l.lent--
	if l.withdrawn && l.lent == 0 {
		d.emptied(l)
	}
}

// emptied says that no thread of a withdrawn lane is in use any more.
func (d *Dispatcher) emptied(l *lane) {
	d.drivable -= len(l.worker.Slots())
	if d.drivable > 0 { // a pool of ants cannot be without a place
		d.drivers.Tune(d.drivable)
	}
	close(l.empty)
}
