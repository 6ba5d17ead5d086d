package workers

import (
	"context"
	"sync"
	"time"

	"forebay/python"
)

// gilInterval is how often each worker is asked how long its threads wait for the GIL.
const gilInterval = time.Second

// GILWait is how long a thread of a worker waits for the GIL when it wants to run, with the moment that it takes to wake up.
type GILWait struct {
	// Count is how often that was measured, and Sum what it took in all.
	Count uint64
	Sum   time.Duration
	// Recent is an average of the last times, or how long the present one takes if that is longer.
	Recent time.Duration
}

// gil measures that. The main thread of a worker, which does nothing else, waits for the GIL as each of the others does
// before it can answer.
type gil struct {
	mu    sync.Mutex
	asked time.Time // zero: there is an answer
	waits GILWait
}

// WatchGIL measures how long the threads of all workers wait for the GIL, until ctx ends.
func (p *Pool) WatchGIL(ctx context.Context) { p.watchGIL(ctx, gilInterval) }

func (p *Pool) watchGIL(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, w := range p.roster.all() {
			if w.State() == Ready && w.ready.GIL && w.gil.ask(time.Now()) {
				w.send(ping)
			}
		}
	}
}

var ping = python.AppendFrame(nil, python.KindPing, 0, nil)

// ask notes that the worker is being asked. It reports false if it has not answered yet: then it need not be.
func (g *gil) ask(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.asked.IsZero() {
		return false
	}
	g.asked = now
	return true
}

// hear takes the answer. The first one says what the average is.
func (g *gil) hear(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked.IsZero() {
		return // nobody has asked
	}
	wait := now.Sub(g.asked)
	g.asked = time.Time{}
	g.waits.Count++
	g.waits.Sum += wait
	if g.waits.Count == 1 {
		g.waits.Recent = wait
	}
	g.waits.Recent += (wait - g.waits.Recent) / 8
}

// state returns what is known so far.
func (g *gil) state(now time.Time) GILWait {
	g.mu.Lock()
	defer g.mu.Unlock()
	waits := g.waits
	if !g.asked.IsZero() {
		waits.Recent = max(waits.Recent, now.Sub(g.asked))
	}
	return waits
}
