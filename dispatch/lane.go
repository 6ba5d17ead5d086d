package dispatch

import (
	"time"

	"forebay/python"
	"forebay/workers"
)

// lane is a worker as dispatch sees it: which of its threads are idle. Guarded by Dispatcher.mu.
type lane struct {
	worker    *workers.Worker
	idle      []*thread // the one that came back last is at the end
	busy      []*thread // those that are lent
	slow      int       // of busy: see rest.go
	lends     uint64    // how often a thread was lent
	parallel  bool      // its threads run Python at once: there is no GIL
	metered   bool      // it is known how long its threads are awake
	withdrawn bool
	held      bool          // it gets no request for now, see Hold
	broken    bool          // the worker is about to be withdrawn, as a thread was lost or lets no other one run
	empty     chan struct{} // closed when withdrawn and nothing is lent
}

// thread is a slot in its lane. It belongs to one goroutine at a time, like the slot.
type thread struct {
	lane  *lane
	slot  *workers.Slot
	share *share // whose requests run on it; nil for the common one, and while it is idle. Guarded by Dispatcher.mu

	since    time.Time         // when the one that runs was begun
	free     time.Time         // when the one before it was over
	limit    time.Duration     // how long it may take to its head, and then between two chunks; 0: no limit
	place    int               // in the lane's busy. This and the next two are guarded by Dispatcher.mu
	taken    time.Duration     // when it was given what it runs
	size     int               // how many requests that were
	slow     bool              // and is counted as slow since
	meter    meter             // how long it is awake
	watch    watch             // see watch.go
	weighing weighing          // see effort.go
	given    bool              // the requests of behind were sent together with the one that runs
	begun    bool              // and it is known that it has begun them all
	behind   []*waiter         // requests that run next on it
	hand     int               // of these, those whose answers came together with the one before them
	reqs     []*python.Request // memory for sendBatch
}

// Offer makes the threads of a ready worker available. It implements workers.Host.
func (d *Dispatcher) Offer(w *workers.Worker) {
	l := &lane{worker: w, parallel: !w.Python().GIL, empty: make(chan struct{})}
	threads := make([]*thread, 0, len(w.Slots()))
	for _, slot := range w.Slots() {
		threads = append(threads, &thread{lane: l, slot: slot, meter: slot})
	}
	_, _, l.metered = threads[0].meter.Awake()
	d.mu.Lock()
	d.lanes = append(d.lanes, l)
	d.threads += len(w.Slots())
	d.drivable += len(w.Slots())
	d.tune()
	d.keep()
	for _, t := range threads {
		l.lend(t, now())
	}
	d.mu.Unlock()
	for _, t := range threads {
		d.giveBack(t)
	}
}

// Withdraw takes a worker's threads out of use. It implements workers.Host.
func (d *Dispatcher) Withdraw(w *workers.Worker) <-chan struct{} {
	defer d.rouse() // fewer threads are kept for some now
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range d.lanes {
		if l.worker != w {
			continue
		}
		d.lanes = append(d.lanes[:i], d.lanes[i+1:]...)
		d.threads -= len(w.Slots())
		d.keep()
		l.withdrawn, l.idle = true, nil
		if len(l.busy) == 0 {
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
		if len(l.idle) > 0 && !l.held && (best == nil || len(l.busy) < len(best.busy)) {
			best = l
		}
	}
	if best == nil {
		return nil
	}
	last := len(best.idle) - 1
	t := best.idle[last]
	best.idle = best.idle[:last]
	best.lend(t, now())
	return t
}

// lend notes that a thread is lent, and takeBack that it is not any more. The caller holds the lock.
func (l *lane) lend(t *thread, now time.Duration) {
	t.place, t.taken = len(l.busy), now
	l.busy = append(l.busy, t)
	l.lends++
	t.watch, t.weighing = watch{}, weighing{}
}

func (l *lane) takeBack(t *thread) {
	t.endSlow()
	last := l.busy[len(l.busy)-1]
	l.busy[t.place], last.place = last, t.place
	l.busy = l.busy[:len(l.busy)-1]
}

// giveBack makes a thread that is back available: to the request that runs next, else to one that comes.
func (d *Dispatcher) giveBack(t *thread) {
	if w := d.popFor(t); w != nil {
		d.start(job{thread: t, waiter: w})
	}
}

// next returns the request that a thread runs next: of the batch that it was given, else of those that wait. If there is
// none it gives the thread back and returns nil.
func (d *Dispatcher) next(t *thread) *waiter {
	if w := t.behindNext(); w != nil {
		return w
	}
	d.look(t)
	return d.living(t, d.popFor(t))
}

// living drops the requests whose clients have left: w, those that go in one batch with it, and those that come then. It
// returns the first of the others.
func (d *Dispatcher) living(t *thread, w *waiter) *waiter {
	for w != nil {
		if w = d.dropGone(t, w); w != nil {
			return w
		}
		w = d.popFor(t)
	}
	return nil
}

// dropGone takes the requests out of a batch that is about to be sent whose clients have left, and returns the first of
// the others, or nil.
func (d *Dispatcher) dropGone(t *thread, first *waiter) *waiter {
	kept := t.behind[:0]
	for _, w := range t.behind {
		if !d.gone(w) {
			kept = append(kept, w)
		}
	}
	t.behind = kept
	if d.gone(first) {
		return t.behindNext()
	}
	return first
}

// momentary is how long a request may have waited whose client is not looked at: it has hardly sent it, and to look costs as
// much as all else that is decided about it.
const momentary = time.Millisecond

// gone finishes a request whose client has left while it waited, and reports whether it has.
func (d *Dispatcher) gone(w *waiter) bool {
	if w.waited < momentary || !w.req.Client.Gone() {
		return false
	}
	d.mu.Lock()
	w.share.surge.lose(now(), w.share)
	d.mu.Unlock()
	d.finish(w, nil, ErrClientGone)
	return true
}

// popFor takes the request that runs next, and those that go in one batch with it, for a thread; or gives it back.
func (d *Dispatcher) popFor(t *thread) *waiter {
	d.mu.Lock()
	t.release()
	t.endSlow()
	l := t.lane
	if l.withdrawn || l.broken {
		d.returned(t)
		d.mu.Unlock()
		d.rouse() // another request of its share may run on another thread
		return nil
	}
	defer d.mu.Unlock()
	if l.held || d.mayRest(t) {
		l.takeBack(t)
		l.idle = append(l.idle, t)
		return nil
	}
	w := d.common.next()
	if d.divided {
		w = d.nextToRun(1 + d.idleThreads())
	}
	if w != nil {
		now := now()
		lend(t, w, now)
		if w.share.queue.len() > 0 {
			d.gather(t, w, now)
			d.counts.gathered(t.behind)
		}
		d.given(t)
		return w
	}
	l.takeBack(t)
	l.idle = append(l.idle, t)
	return nil
}

// rouse starts what may run where that has changed for another reason than that a thread is back.
func (d *Dispatcher) rouse() {
	var jobs []job
	d.mu.Lock()
	for w := d.nextToRun(d.idleThreads()); w != nil; w = d.nextToRun(d.idleThreads()) {
		t := d.takeIdle()
		if t == nil {
			break
		}
		lend(t, w, now()) // one to each: those in a batch would wait while threads are idle
		jobs = append(jobs, job{thread: t, waiter: w})
	}
	d.mu.Unlock()
	for _, j := range jobs {
		d.start(j)
	}
}

// lend takes a request out of the queue for a thread. The caller holds the lock.
func lend(t *thread, w *waiter, now time.Duration) {
	w.share.take(w, now)
	t.assign(w.share)
	t.taken, t.size = now, 1
}

// lose forgets a thread that will not come back. Of its process, which is about to be withdrawn, no other is lent.
func (d *Dispatcher) lose(t *thread) {
	d.abandon(t, workers.ErrWorkerDied, true)
	d.mu.Lock()
	t.release()
	t.lane.broken, t.lane.idle = true, nil
	d.returned(t)
	d.mu.Unlock()
	d.rouse() // another request of its share may run on another thread
}

// shun lends no other thread of a process that is about to be withdrawn.
func (d *Dispatcher) shun(t *thread) {
	d.mu.Lock()
	t.lane.broken, t.lane.idle = true, nil
	d.mu.Unlock()
}

func (d *Dispatcher) returned(t *thread) {
	l := t.lane
	l.takeBack(t)
	if l.withdrawn && len(l.busy) == 0 {
		d.emptied(l)
	}
}

// emptied says that no thread of a withdrawn lane is in use any more.
func (d *Dispatcher) emptied(l *lane) {
	d.drivable -= len(l.worker.Slots())
	d.tune()
	close(l.empty)
}
