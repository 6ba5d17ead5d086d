package dispatch

import "time"

// effort is what requests that are not tiny take of processors, and whether that is by turns. It is measured while several
// threads of a process are at work: those that only take turns by the GIL are, all together, on a processor all the time and
// not more, and then all but one may rest, see rest.go. Threads that sleep are there for less of the time; those whose
// extensions let others run meanwhile for more.
//
// Guarded by Dispatcher.mu.
type effort struct {
	cost    time.Duration // of a processor, for each request, of late
	ran     float64       // how many threads of a process were on a processor at once, of late
	awake   float64       // and with those that waited for one
	samples int           // since seen
	seen    time.Duration // when there were effortSamples; 0: never
}

const (
	// effortMost is how much requests may take for threads to rest. Longer ones go one by one, and a process whose only thread
	// waits for the next one loses as much as it gains.
	effortMost = shortRequest
	// effortLeast is how many threads are awake at least where they take turns, and effortTurns how many run at most. The next
	// turn may be that of one that has to wait for a processor, and so may several be.
	effortLeast, effortTurns = 0.7, 1.3
	// effortSamples is how many samples make an opinion, and effortLasts how long that is good for. Then all threads are at
	// work again for a moment, as only that shows whether they could run at once.
	effortSamples = 4
	effortLasts   = 2 * time.Second
	// effortSlow is how many times as much as it takes on average a request may take before the others are started.
	effortSlow = 4
)

// hear takes into account what requests cost, and how many threads ran and were awake at once.
func (e *effort) hear(cost time.Duration, ran, awake float64, now time.Duration) {
	if e.samples++; e.seen == 0 && e.samples == 1 {
		e.cost, e.ran, e.awake = cost, ran, awake
	}
	e.cost += (cost - e.cost) / 4
	e.ran += (ran - e.ran) / 4
	e.awake += (awake - e.awake) / 4
	if e.samples >= effortSamples {
		e.samples, e.seen = 0, now
	}
}

// inTurns reports whether requests that are not tiny do but take turns, and what each takes. Where they are tiny for the
// processor and not by the clock there are others among them that sleep.
func (e *effort) inTurns(now time.Duration) (cost time.Duration, are bool) {
	known := e.seen > 0 && now-e.seen < effortLasts
	return e.cost, known && e.awake >= effortLeast && e.ran <= effortTurns && e.cost > tiny && e.cost <= effortMost
}

// weighing is what a thread has done since the kernel was asked for how long it had run.
type weighing struct {
	on           bool
	since        time.Duration
	ran, delayed time.Duration // by then
	busy         time.Duration // how long it had requests since
	requests     int
}

// weigh takes into account what a thread has done that is back.
func (d *Dispatcher) weigh(t *thread, now time.Duration) {
	w := &t.weighing
	if d.pace.mean() <= tiny || t.watch.alone { // alone it is watched, and says nothing about turns
		w.on = false
		return
	}
	w.busy += now - t.taken
	w.requests += t.size
	if w.on && now-w.since < watchLength {
		return
	}
	ran, delayed, known := t.meter.Awake()
	d.mu.Lock()
	if atWork := len(t.lane.busy) - t.lane.slow; known && w.on && atWork > 1 {
		cost, threads := ran-w.ran, float64(atWork)/float64(w.busy)
		d.effort.hear(cost/time.Duration(w.requests), threads*float64(cost), threads*float64(cost+delayed-w.delayed), now)
	}
	d.mu.Unlock()
	*w = weighing{on: known, since: now, ran: ran, delayed: delayed}
}
