package main

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"
)

// processors has Go compute on one processor for as long as that is enough. Where several are there, Go wakes threads for
// each event that look whether there is something for them, too, and mostly find nothing: beside workers, which need the
// processors themselves, that is a fifth of all that a request costs us. Whoever sets GOMAXPROCS has that instead.
type processors struct {
	one  bool
	free time.Time     // when we last did not fit on one, or began to look
	hold time.Duration // for how long we have to fit on one before we compute on one
	held time.Time     // when we began to compute on one
}

const (
	// processorsLook is how often we look at what we need, and processorsNap how often where that is next to nothing.
	processorsLook = 50 * time.Millisecond
	processorsNap  = 250 * time.Millisecond
	// processorsNext is what part of a processor is next to nothing.
	processorsNext = 0.02
	// processorsFull is the part of one from which on it is not enough, and processorsFit the part with which it will be.
	processorsFull = 0.93
	processorsFit  = 0.9
	// processorsHold is how long we first have to fit, and processorsHolds how long at most: it doubles each time that one was
	// enough for no longer than ten times that.
	processorsHold  = time.Second
	processorsHolds = time.Minute
)

// look takes into account what part of a processor was needed since the last look, and reports whether one is to be used from
// now on.
func (p *processors) look(now time.Time, load float64) bool {
	if p.free.IsZero() {
		p.free, p.hold = now, processorsHold
	}
	switch {
	case p.one && load > processorsFull:
		if now.Sub(p.held) > 10*p.hold {
			p.hold = processorsHold
		} else {
			p.hold = min(2*p.hold, processorsHolds)
		}
		p.one, p.free = false, now
	case p.one:
	case load > processorsFit:
		p.free = now
	case now.Sub(p.free) >= p.hold:
		p.one, p.held = true, now
	}
	return p.one
}

// spareProcessors looks until the context ends.
func spareProcessors(ctx context.Context) {
	if os.Getenv("GOMAXPROCS") != "" || runtime.GOMAXPROCS(0) == 1 {
		return
	}
	p := &processors{}
	timer := time.NewTimer(processorsLook)
	defer timer.Stop()
	then, used := time.Now(), computed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		was, now, total := p.one, time.Now(), computed()
		load := float64(total-used) / float64(now.Sub(then))
		then, used = now, total
		if one := p.look(now, load); one && !was {
			runtime.GOMAXPROCS(1)
		} else if was && !one {
			runtime.SetDefaultGOMAXPROCS() // as many as we may use by now
		}
		next := processorsLook
		if load < processorsNext {
			next = processorsNap
		}
		timer.Reset(next)
	}
}

// computed is how long this process has been on processors in all.
func computed() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // it fails only where its arguments are wrong
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
