package dispatch

import "time"

const (
	// sweepInterval is how often the clients of waiting requests are looked at. A request whose client has left takes the
	// place of another one no longer than this, and has its line in the access log.
	sweepInterval = time.Second
	// sweepGroup is how many are looked at before the lock is taken again.
	sweepGroup = 64
)

// sweep takes the requests out of the queue whose clients have left.
func (d *Dispatcher) sweep() {
	d.mu.Lock()
	shares := append([]*share(nil), d.shares...)
	d.mu.Unlock()
	for _, s := range shares {
		d.sweepShare(s)
	}
}

// sweepShare goes through a queue from its beginning, in groups. The last one of them that stays is held until the next group
// has been taken, so that the place in the queue is not lost, unless that request has begun to run: then all before it have,
// too, or are looked at again.
func (d *Dispatcher) sweepShare(s *share) {
	var memory [sweepGroup]*waiter
	var place *waiter
	left := -1
	for left != 0 {
		group := memory[:0]
		if left, group = d.hold(s, place, left, group); len(group) == 0 {
			break
		}
		last := d.dropGroup(s, group)
		if last != nil {
			if place != nil {
				place.release()
			}
			place = last
		}
		for _, w := range group {
			if w != last {
				w.release()
			}
		}
	}
	if place != nil {
		place.release()
	}
}

// hold returns the next waiters after one, held, so that their requests stay. left is how many are still to be looked at:
// as many as there are at the beginning, if it is negative.
func (d *Dispatcher) hold(s *share, after *waiter, left int, group []*waiter) (int, []*waiter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if left < 0 {
		left = s.queue.len()
	}
	w := s.queue.first
	if after != nil && after.queued {
		w = after.next
	}
	for ; w != nil && left > 0 && len(group) < cap(group); w = w.next {
		w.hold()
		group = append(group, w)
		left--
	}
	return left, group
}

// dropGroup finishes those of a group that still wait and whose clients have left, and returns the last of the others, or
// nil. The caller holds them.
func (d *Dispatcher) dropGroup(s *share, group []*waiter) (last *waiter) {
	var memory [sweepGroup]*waiter
	gone := memory[:0]
	for _, w := range group {
		if w.req.Client.Gone() {
			gone = append(gone, w)
		} else {
			last = w
		}
	}
	if len(gone) == 0 {
		return last
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := now()
	for _, w := range gone {
		if w.queued {
			s.queue.remove(w)
			s.surge.lose(now, s)
			w.waited = now - w.since
			d.finish(w, nil, ErrClientGone)
		}
	}
	return last
}
