package dispatch

import "time"

// watchLength is how long a thread is watched before it is looked at for how long it was awake.
const watchLength = 5 * time.Millisecond

// meter says for how long a thread has run in all, and for how long it has waited for a processor, as workers.Slot does.
type meter interface {
	Awake() (ran, delayed time.Duration, known bool)
}

// watch is how a thread is watched, from batch to batch.
type watch struct {
	alone bool   // it is the only one of its process that is at work, by what was known when it was given the last
	lends uint64 // of its lane then: if there are more now, it is not

	on           bool          // what follows is set
	since        time.Duration // when it began
	ran, delayed time.Duration // for how long by then
	requests     int           // that it was given since
}

// given notes whether a thread that was given something is to be watched. The caller holds the lock.
func (d *Dispatcher) given(t *thread) {
	l, requests := t.lane, 1+len(t.behind)
	t.size = requests
	alone := l.metered && d.pace.mean() > tiny && len(l.idle) > 0 && len(l.busy)-l.slow == 1
	w := &t.watch
	w.on = w.on && alone && w.lends == l.lends
	w.alone, w.lends = alone, l.lends
	if alone {
		w.requests += requests
		d.verdict.given(requests)
	}
}

// beginWatch is for a thread that is about to be given something.
func (t *thread) beginWatch(now time.Duration) {
	if w := &t.watch; w.alone && !w.on {
		w.since, w.requests = now, 1+len(t.behind)
		w.ran, w.delayed, w.on = t.meter.Awake()
	}
}

// look looks at a thread that is back and was watched.
func (d *Dispatcher) look(t *thread) {
	w, now := &t.watch, t.free.Sub(began)
	d.weigh(t, now)
	if !w.alone || w.on && now-w.since < watchLength {
		return
	}
	ran, delayed, known := t.meter.Awake()
	if !w.on || !known {
		d.blind(t.lane)
		return
	}
	awake := float64(ran-w.ran+delayed-w.delayed) / float64(now-w.since)
	cost := (ran - w.ran) / time.Duration(w.requests)
	w.since, w.ran, w.delayed, w.requests = now, ran, delayed, 0
	d.mu.Lock()
	failed := t.lane.lends == w.lends && d.verdict.hear(awake, cost, now)
	d.mu.Unlock()
	if failed {
		d.rouse()
	}
}

// blind notes that the kernel does not tell any more how long the threads of a process are awake.
func (d *Dispatcher) blind(l *lane) {
	d.mu.Lock()
	l.metered = false
	d.mu.Unlock()
	d.rouse()
}
