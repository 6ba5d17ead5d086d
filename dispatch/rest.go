package dispatch

import "time"

// Threads of one process that run Python take turns by its GIL, and where requests take some microseconds the taking of
// turns costs more than they do: eight threads of two processes need a third more CPU time than one of each that is given
// batches. So while requests are that short, and one thread of a process is at work, the others rest although requests
// wait, as long as those make less than a whole batch for each process. A thread that is slow after all does not count as
// one that is at work: what waits is started on those that rest.
//
// The same holds for requests that are longer, but not by much, as long as they do nothing but run: see effort.go.
const (
	// tiny is what requests have to take on average for threads to rest: by the clock, or else of a processor, which is known
	// where little else goes on: see verdict.go.
	tiny = 100 * time.Microsecond
	// restLeast is how many have to wait for each process: fewer are no batch worth waiting for.
	restLeast = 4
	// slowAfter is how long a thread may have what it was given before it counts as slow, at least: see patience.
	slowAfter = 2 * time.Millisecond
	// restInterval is what passes at least before it is looked again whether one is slow, while some rest and requests wait.
	restInterval = time.Millisecond
)

// mayRest reports whether a thread that is back is better left idle, although requests may wait. Where path prefixes have
// threads of their own nobody rests. The caller holds the lock.
func (d *Dispatcher) mayRest(t *thread) bool {
	l, waiting := t.lane, d.common.queue.len()
	atWork := len(l.busy) - l.slow
	if waiting < restLeast*len(d.lanes) || atWork < 2 || d.divided || l.parallel {
		return false
	}
	if d.pace.mean() <= tiny {
		if waiting >= maxBatch*len(d.lanes) {
			return false
		}
	} else if !d.isBrief(l, atWork, now()) {
		return false
	}
	d.mind()
	return true
}

// teach has a thread that is about to be given something give way to others when it wakes up, or not.
func (d *Dispatcher) teach(t *thread) {
	switch mean := d.pace.mean(); {
	case mean <= tiny:
		t.slot.GiveWay(true)
	case mean > 2*tiny: // and in between as before
		t.slot.GiveWay(false)
	}
}

// mind has Run look soon enough after what waits while threads rest. The caller holds the lock.
func (d *Dispatcher) mind() {
	if !d.minds {
		d.minds = true
		d.wake()
	}
}

// isServed reports whether a request is better left to wait for a thread that is at work than given to one that is idle, as
// those of one process would only take turns by its GIL. The caller holds the lock.
func (d *Dispatcher) isServed() bool {
	if d.divided {
		return false
	}
	areTiny, idle, now := d.pace.mean() <= tiny, false, now()
	for _, l := range d.lanes {
		atWork := len(l.busy) - l.slow
		if atWork < 1 || l.parallel || !areTiny && !d.isBrief(l, atWork, now) {
			return false
		}
		idle = idle || len(l.idle) > 0 && !l.held
	}
	if idle {
		d.mind()
	}
	return idle
}

// isBrief reports whether requests that are not tiny by the clock do little but run Python on the threads of a process, of
// which so many are at work, and that not for long. What each takes has gone in part to the others, whom it has waited for.
func (d *Dispatcher) isBrief(l *lane, atWork int, now time.Duration) bool {
	takes := min(d.takes(), d.pace.mean()/time.Duration(max(atWork, 1)))
	_, inTurns := d.effort.inTurns(now)
	return l.metered && (takes <= tiny || inTurns) && d.verdict.rests(now)
}

// patience is how long a thread may have so many requests before it counts as slow.
func (d *Dispatcher) patience(requests int, now time.Duration) time.Duration {
	if cost, inTurns := d.effort.inTurns(now); inTurns && d.pace.mean() > tiny {
		return max(slowAfter, effortSlow*cost*time.Duration(requests))
	}
	return slowAfter
}

// relieve starts what waits on the threads that rest, if one that is at work has become slow, or if requests are not any more
// what they rest for.
func (d *Dispatcher) relieve(now time.Duration) {
	d.mu.Lock()
	found := false
	if d.common.queue.len() > 0 {
		for _, l := range d.lanes {
			found = d.findSlow(l, now) || d.isOver(l, now) || found
		}
	}
	d.mu.Unlock()
	if found {
		d.rouse()
	}
}

// findSlow notes which threads are slow now, and reports whether there are any that were not before.
func (d *Dispatcher) findSlow(l *lane, now time.Duration) (found bool) {
	if len(l.idle) == 0 {
		return false
	}
	for _, t := range l.busy {
		if !t.slow && now-t.taken > d.patience(t.size, now) {
			t.slow, found = true, true
			l.slow++
			if t.watch.alone {
				d.verdict.slow(now)
			}
		}
	}
	return found
}

// soonest returns when a thread may be slow for which others rest. The caller holds the lock.
func (d *Dispatcher) soonest(now time.Duration) time.Duration {
	next := d.patience(1, now) // of those that are given something at this moment
	for _, l := range d.lanes {
		if len(l.idle) == 0 {
			continue
		}
		for _, t := range l.busy {
			if !t.slow {
				next = min(next, t.taken+d.patience(t.size, now)-now+1)
			}
		}
	}
	return max(next, restInterval)
}

// isOver reports whether some rest for whom there is no reason any more.
func (d *Dispatcher) isOver(l *lane, now time.Duration) bool {
	return len(l.idle) > 0 && d.pace.mean() > tiny && !d.isBrief(l, len(l.busy)-l.slow, now)
}

// endSlow is for a thread that is back.
func (t *thread) endSlow() {
	if t.slow {
		t.slow = false
		t.lane.slow--
	}
}
