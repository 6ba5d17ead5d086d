package measure

import (
	"sync"
	"time"
)

const (
	// Window is how long the latency of Latency goes back.
	Window = time.Minute
	// historySeconds is how many seconds History has at most.
	historySeconds = 300

	windowSeconds = int(Window / time.Second)
)

// window is what was counted lately. Its seconds are those of the ticks, and in one that came late is more.
type window struct {
	mu      sync.Mutex
	busy    int // slots, the sum of the samples of this second
	sampled int
	last    figures // all that was counted up to the last second

	recent  [windowSeconds]figures // in each of the last seconds
	sum     figures                // of them
	history [historySeconds]Second
	turns   int // seconds so far
}

// figures are what is kept of a second, or of several.
type figures struct {
	requests, failed          uint64
	total, queue, application Times
}

func figuresOf(c *Counts) (f figures) {
	f.requests, f.failed = c.Requests(), c.failed()
	f.total, f.queue, f.application = c.sum()
	return f
}

func (f *figures) add(other *figures) {
	f.requests += other.requests
	f.failed += other.failed
	f.total.add(&other.total)
	f.queue.add(&other.queue)
	f.application.add(&other.application)
}

func (f *figures) subtract(other *figures) {
	f.requests -= other.requests
	f.failed -= other.failed
	f.total.subtract(&other.total)
	f.queue.subtract(&other.queue)
	f.application.subtract(&other.application)
}

// sample notes how many slots are busy.
func (w *window) sample(busy int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy += busy
	w.sampled++
}

// turn ends a second, up to which so much was counted.
func (w *window) turn(now time.Time, c *Counts) {
	all := figuresOf(c)
	second := all
	w.mu.Lock()
	defer w.mu.Unlock()
	second.subtract(&w.last)
	w.last = all
	place := &w.recent[w.turns%windowSeconds]
	w.sum.subtract(place)
	*place = second
	w.sum.add(place)
	w.history[w.turns%historySeconds] = Second{
		Time: now, Requests: second.requests, Failed: second.failed,
		P50: second.total.Quantile(0.5), P99: second.total.Quantile(0.99), QueueP99: second.queue.Quantile(0.99),
		Busy: float64(w.busy) / float64(max(w.sampled, 1)),
	}
	w.busy, w.sampled = 0, 0
	w.turns++
}

// Second is what happened in one second.
type Second struct {
	// Time is its end.
	Time             time.Time
	Requests, Failed uint64 // and of these those answered with 5xx
	// P50, P99 and QueueP99 are how long half of its requests took, and 99 of 100, and how long these waited.
	P50, P99, QueueP99 time.Duration
	// Busy is how many slots were busy, on average.
	Busy float64
}

// History returns the last seconds, the oldest first: at most 300.
func (m *Meter) History() []Second {
	w := &m.window
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(w.turns, historySeconds)
	seconds := make([]Second, 0, n)
	for i := w.turns - n; i < w.turns; i++ {
		seconds = append(seconds, w.history[i%historySeconds])
	}
	return seconds
}

// Latency is how long the requests of the last Window took.
type Latency struct {
	Count uint64
	// P50, P90 and P99 are of the whole, from a request's first byte to its answer's last.
	P50, P90, P99 time.Duration
	// The others are of the requests that the application has seen or would have: how long they waited for a thread, and ran.
	QueueP50, QueueP99             time.Duration
	ApplicationP50, ApplicationP99 time.Duration
}

// Latency returns how long the requests of the last Window took, up to the last whole second.
func (m *Meter) Latency() Latency {
	w := &m.window
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.sum
	return Latency{
		Count: s.requests,
		P50:   s.total.Quantile(0.5), P90: s.total.Quantile(0.9), P99: s.total.Quantile(0.99),
		QueueP50: s.queue.Quantile(0.5), QueueP99: s.queue.Quantile(0.99),
		ApplicationP50: s.application.Quantile(0.5), ApplicationP99: s.application.Quantile(0.99),
	}
}
