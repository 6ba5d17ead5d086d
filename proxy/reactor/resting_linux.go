package reactor

import "time"

// resting are the sockets of a loop that wait for their clients without a goroutine, the one that came first in front. The
// loop's mutex is held by whoever calls a method, unless it says otherwise.
type resting struct {
	loop  *loop
	first *Socket
	last  *Socket
	count int
	timer *time.Timer // runs while there are any
	armed bool
}

// place is a socket's among those that rest.
type place struct {
	prev, next *Socket
	until      time.Time // it is silent then
	taken      bool
}

func (r *resting) add(s *Socket, now time.Time, stay time.Duration) {
	s.place = place{prev: r.last, until: now.Add(stay), taken: true}
	if r.last == nil {
		r.first = s
	} else {
		r.last.place.next = s
	}
	r.last = s
	r.count++
	r.arm(now)
}

// remove reports whether the socket was among them.
func (r *resting) remove(s *Socket) bool {
	if !s.place.taken {
		return false
	}
	prev, next := s.place.prev, s.place.next
	if prev == nil {
		r.first = next
	} else {
		prev.place.next = next
	}
	if next == nil {
		r.last = prev
	} else {
		next.place.prev = prev
	}
	s.place = place{}
	r.count--
	return true
}

// take removes from the front those that f is true for, up to the first that it is not.
func (r *resting) take(f func(*Socket) bool) (taken []*Socket) {
	for r.first != nil && f(r.first) {
		s := r.first
		r.remove(s)
		taken = append(taken, s)
	}
	return taken
}

// arm sets the timer for the one in front, unless it runs.
func (r *resting) arm(now time.Time) {
	if r.armed || r.first == nil {
		return
	}
	r.armed = true
	left := r.first.place.until.Sub(now)
	if r.timer == nil {
		r.timer = time.AfterFunc(left, r.sweep)
	} else {
		r.timer.Reset(left)
	}
}

// sweep tells those that have rested long enough that they are silent. It is called by the timer, without the mutex.
func (r *resting) sweep() {
	r.loop.mu.Lock()
	now := time.Now()
	silent := r.take(func(s *Socket) bool { return !now.Before(s.place.until) })
	r.armed = false
	r.arm(now)
	r.loop.mu.Unlock()
	for _, s := range silent {
		s.Guest.Silent()
	}
}
