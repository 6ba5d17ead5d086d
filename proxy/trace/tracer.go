package trace

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Tracer exports a span for each request that is sampled, with one below it for its time in the queue, one for its time on
// a thread, and one for its answer on the way.
//
// No request waits for it: spans are made of what the access log is told, after the answer. They wait in a queue of
// bounded length, and one goroutine exports them; what finds no room there, or comes to nothing, is dropped and counted. A
// nil Tracer traces nothing. Its methods may be called by many goroutines at once, with one goroutine in Run.
type Tracer struct {
	settings Settings
	version  string
	client   *http.Client
	log      *slog.Logger
	trouble  trouble

	mu      sync.Mutex
	waiting []*record

	gathered chan struct{} // has an entry when there is a batch
	dropped  atomic.Uint64
	exported atomic.Uint64
}

// New makes a tracer, or nil if the settings have no endpoint. version is that of the program. Nothing is sent before Run.
func New(s Settings, version string, log *slog.Logger) *Tracer {
	if s.Endpoint == nil {
		return nil
	}
	return &Tracer{
		settings: s, version: version, client: newClient(s), log: log.With("endpoint", s.Place()),
		gathered: make(chan struct{}, 1),
	}
}

// Counts are numbers of requests that were sampled: those whose spans have been exported, and those whose were dropped.
type Counts struct{ Exported, Dropped uint64 }

// Counts says what became of what was sampled so far; nothing of what still waits.
func (t *Tracer) Counts() Counts {
	if t == nil {
		return Counts{}
	}
	return Counts{t.exported.Load(), t.dropped.Load()}
}

// End keeps the spans of an answered request, if it is sampled. It does not block.
func (t *Tracer) End(s *Span, q *Request) {
	if t == nil || !s.Sampled() {
		return
	}
	r := newRecord(s, q, t.settings.Text)
	t.mu.Lock()
	n := len(t.waiting)
	if n < t.settings.Queue {
		t.waiting = append(t.waiting, r)
	}
	t.mu.Unlock()
	switch n + 1 {
	case t.settings.Queue + 1:
		t.dropped.Add(1)
		r.free()
	case t.settings.Batch:
		t.signal()
	}
}

func (t *Tracer) signal() {
	select {
	case t.gathered <- struct{}{}:
	default: // there is one already
	}
}

// stopTimeout is how long Run goes on exporting at its end.
const stopTimeout = 2 * time.Second

// Run exports until ctx ends, and then what is left, for a moment: what cannot be exported in that time is dropped.
func (t *Tracer) Run(ctx context.Context) {
	if t == nil {
		return
	}
	defer t.client.CloseIdleConnections()
	t.log.Info("spans are exported")
	tick := time.NewTicker(t.settings.Delay)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			t.exportFrom(ctx, 1)
		case <-t.gathered:
			t.exportFrom(ctx, t.settings.Batch)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	for batch := t.take(1); batch != nil; batch = t.take(1) {
		t.settle(batch, t.export(last, batch))
	}
	if dropped := t.dropped.Load(); dropped > 0 {
		t.log.Warn("spans were dropped", "requests", dropped)
	}
}

// exportFrom exports batches while there are as many requests as least, until ctx ends.
func (t *Tracer) exportFrom(ctx context.Context, least int) {
	for batch := t.take(least); batch != nil; batch = t.take(least) {
		err := t.export(ctx, batch)
		if err != nil && ctx.Err() != nil {
			t.putBack(batch)
			return
		}
		t.settle(batch, err)
	}
}

// settle counts what has become of a batch, says it where an operator may act on it, and gives its memory back.
func (t *Tracer) settle(batch []*record, err error) {
	n := uint64(len(batch))
	if err == nil {
		t.exported.Add(n)
	} else {
		t.dropped.Add(n)
	}
	t.trouble.tell(t.log, err, t.dropped.Load())
	for _, r := range batch {
		r.free()
	}
}

// take takes a batch out of the queue; nil if there are fewer requests in it than least.
func (t *Tracer) take(least int) []*record {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), t.settings.Batch)
	if n < least {
		return nil
	}
	batch := append(make([]*record, 0, n), t.waiting[:n]...)
	left := copy(t.waiting, t.waiting[n:])
	clear(t.waiting[left:])
	t.waiting = t.waiting[:left]
	return batch
}

// putBack puts a batch that could not be exported yet before what waits.
func (t *Tracer) putBack(batch []*record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(batch, t.waiting...)
}
