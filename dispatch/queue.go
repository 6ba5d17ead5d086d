package dispatch

import (
	"sync"
	"sync/atomic"
	"time"

	"forebay/python"
)

// queue is a list of waiters in the order in which they came.
type queue struct {
	first, last *waiter
	count       int
}

func (q *queue) len() int { return q.count }

// insert adds a waiter at its place in the order: at the end, unless it is put back.
func (q *queue) insert(w *waiter) {
	before := q.last
	if q.first != nil && w.since < q.first.since {
		before = nil
	}
	for before != nil && w.since < before.since {
		before = before.prev
	}
	w.prev, w.queued = before, true
	if before == nil {
		w.next, q.first = q.first, w
	} else {
		w.next, before.next = before.next, w
	}
	if w.next == nil {
		q.last = w
	} else {
		w.next.prev = w
	}
	q.count++
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	q.count--
}

// waiter is a request in the queue and the place for its result. Whoever takes it out finishes it, once.
type waiter struct {
	req    *python.Request
	share  *share
	since  time.Duration // see now
	waited time.Duration

	// The place in the queue. Guarded by Dispatcher.mu.
	prev, next *waiter
	queued     bool

	// held is set while a sweep looks at the client, and look is locked: the request stays until then.
	held atomic.Bool
	look sync.Mutex

	caller python.Caller // who is told the result; nil: somebody waits for it
	done   chan struct{} // holds an entry when resp and err are valid, for who waits
	resp   *python.Response
	err    error
}

var waiters = sync.Pool{New: func() any { return &waiter{done: make(chan struct{}, 1)} }}

func newWaiter(req *python.Request, s *share) *waiter {
	w := waiters.Get().(*waiter)
	w.req, w.share, w.caller, w.since = req, s, req.Caller, now()
	return w
}

// hold keeps the request where it is until release. Only a sweep does this, while the waiter is in the queue.
func (w *waiter) hold() {
	w.look.Lock()
	w.held.Store(true)
}

func (w *waiter) release() {
	w.held.Store(false)
	w.look.Unlock()
}

// free lets a finished waiter go. It waits for a look at the client that goes on just now; no other one begins.
func (w *waiter) free() {
	if w.held.Load() {
		w.look.Lock()
		w.look.Unlock() //nolint:staticcheck // that it was unlocked is all there is to know
	}
	w.req, w.share, w.caller, w.resp, w.err = nil, nil, nil, nil, nil
	waiters.Put(w)
}

var began = time.Now()

// now returns the time since the program began, on the clock that only goes forwards. It costs half of time.Now.
func now() time.Duration { return time.Since(began) }
