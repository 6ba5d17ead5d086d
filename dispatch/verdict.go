package dispatch

import "time"

// verdict says whether what requests take is time in which their threads are awake: on a processor, or about to be. Where
// they are, those of one process only keep each other from the GIL, and all but one may rest; where they sleep, as for a
// database, another one could run meanwhile. What a request takes does not tell the one from the other, and where several
// are at work neither does the kernel, as a thread sleeps while it waits for the GIL, too. So threads rest on trial, and the
// one at work is watched: for each moment the kernel says for how long of it the thread was awake. If that is too little all
// are at work again, and the next trial comes after a pause, which grows with each that fails.
//
// Guarded by Dispatcher.mu.
type verdict struct {
	awake float64       // what part of the time they are awake, of late; 0: no trial has begun
	cost  time.Duration // what a request takes of a processor, of late
	since time.Duration // when the trial began
	until time.Duration // nobody rests before
	pause time.Duration // the last one

	begun, late int // requests that were given to a thread that was watched, and times that one was slow then
}

const (
	// awakeLeast is the part of the time in which a thread at work has to be awake. It sleeps between two batches, too.
	awakeLeast = 0.5
	// awakeMostly is that part where what a request takes is known better from the processor than from the clock.
	awakeMostly = 0.8
	// trialPause is how long nobody rests after the first trial that fails, and trialPauses the longest such pause.
	trialPause  = 50 * time.Millisecond
	trialPauses = 2 * time.Second
	// lateLeast is how often a thread has to be slow for the trial to fail by that, and lateMost at what part of the requests.
	lateLeast = 4
	lateMost  = 0.25
	// lateFew is how many times as many requests as times that a thread was slow there have to be for these not to count.
	lateFew = 50
)

// rests reports whether threads may rest.
func (v *verdict) rests(now time.Duration) bool { return now >= v.until }

// hear takes into account that a thread at work was awake for a part of the time, and what each request cost, and reports
// whether the trial fails.
func (v *verdict) hear(part float64, cost, now time.Duration) (failed bool) {
	if !v.rests(now) {
		return false
	}
	if v.awake == 0 {
		v.since, v.awake, v.cost = now, 1, cost
	}
	v.awake += (min(part, 1) - v.awake) / 4
	v.cost = (v.cost + cost) / 2
	if v.awake < awakeLeast {
		v.fail(now)
		return true
	}
	if now-v.since > v.pause {
		v.pause = 0
	}
	return false
}

// slow takes into account that a thread that was watched was slow.
func (v *verdict) slow(now time.Duration) {
	if v.late++; v.late >= lateLeast && float64(v.late) > lateMost*float64(v.begun) {
		v.fail(now)
	}
}

// given counts requests that a thread was given.
func (v *verdict) given(requests int) {
	if v.begun += requests; v.begun > 1<<10 {
		v.begun, v.late = v.begun/2, v.late/2
	}
}

// fail begins a pause.
func (v *verdict) fail(now time.Duration) {
	pause := min(max(2*v.pause, trialPause), trialPauses)
	*v = verdict{until: now + pause, pause: pause}
}

// takes returns what a request takes of a processor, where that is about all that it takes; else the time that passes.
func (d *Dispatcher) takes() time.Duration {
	mean, v := d.pace.mean(), &d.verdict
	if v.awake < awakeMostly || v.late*lateFew > v.begun {
		return mean
	}
	return min(mean, v.cost)
}
