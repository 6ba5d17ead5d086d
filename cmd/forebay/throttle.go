package main

import (
	"sync"
	"time"
)

// throttle bounds how many records are written in a second, and tells how many were not when the second is over. Its
// methods may be called by many goroutines at once.
type throttle struct {
	tell func(dropped int)

	mu      sync.Mutex
	rate    int       // 0: no bound
	since   time.Time // the present second's begin
	passed  int       // in it
	dropped int       // that nobody has been told of
	timer   *time.Timer
}

func newThrottle(tell func(dropped int)) *throttle { return &throttle{tell: tell} }

func (t *throttle) setRate(rate int) {
	t.mu.Lock()
	t.rate = rate
	t.mu.Unlock()
}

// allow reports whether a record may be written now.
func (t *throttle) allow() bool {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.since) >= time.Second {
		t.since, t.passed = now, 0
	}
	if t.rate == 0 || t.passed < t.rate {
		t.passed++
		return true
	}
	if t.dropped++; t.dropped == 1 {
		t.timer = time.AfterFunc(time.Second-now.Sub(t.since), t.report) // once, or flush stops it
	}
	return false
}

// report tells how many records were dropped since the last time.
func (t *throttle) report() {
	t.mu.Lock()
	dropped := t.dropped
	t.dropped = 0
	t.mu.Unlock()
	if dropped > 0 {
		t.tell(dropped)
	}
}

// flush reports at once.
func (t *throttle) flush() {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop() // one that goes off all the same has nothing to tell
	}
	t.mu.Unlock()
	t.report()
}
