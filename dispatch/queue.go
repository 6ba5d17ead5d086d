package dispatch

import (
	"sync"
	"time"

	"forebay/python"
)

// queue is a first-in-first-out of waiters. It grows to its longest and stays there.
type queue struct {
	ring  []*waiter
	head  int
	count int
}

func (q *queue) len() int       { return q.count }
func (q *queue) front() *waiter { return q.ring[q.head] }

func (q *queue) push(w *waiter) {
	if q.count == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.count)%len(q.ring)] = w
	q.count++
}

func (q *queue) pushFront(w *waiter) {
	if q.count == len(q.ring) {
		q.grow()
	}
	q.head = (q.head + len(q.ring) - 1) % len(q.ring)
	q.ring[q.head] = w
	q.count++
}

func (q *queue) pop() *waiter {
	w := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % len(q.ring)
	q.count--
	return w
}

func (q *queue) grow() {
	ring := make([]*waiter, max(64, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}

// waiter is a request in the queue and the place for its result. Whoever pops it finishes it, once.
type waiter struct {
	req    *python.Request
	since  time.Time
	waited time.Duration

	done chan struct{} // holds an entry when resp and err are valid
	resp *python.Response
	err  error
}

var waiters = sync.Pool{New: func() any { return &waiter{done: make(chan struct{}, 1)} }}

func newWaiter(req *python.Request) *waiter {
	w := waiters.Get().(*waiter)
	w.req, w.since = req, time.Now()
	return w
}

// finish gives the waiting goroutine its result.
func (w *waiter) finish(resp *python.Response, err error) {
	w.resp, w.err = resp, err
	w.done <- struct{}{}
}

func (w *waiter) free() {
	w.req, w.resp, w.err = nil, nil, nil
	waiters.Put(w)
}
