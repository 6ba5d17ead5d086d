package workers

import (
	"errors"
	"time"
)

// ErrWoken is what Receive returns when Wake was called. The slot is whole.
var ErrWoken = errors.New("the slot was woken")

// await sets until when what follows may wait for the thread, unless the slot was woken.
func (s *Slot) await(deadline time.Time) error {
	s.waking.Lock()
	defer s.waking.Unlock()
	if s.woken {
		return ErrWoken
	}
	if err := s.in.SetReadDeadline(deadline); err != nil {
		return s.died("read a frame", err)
	}
	return nil
}

// Wake has Receive return ErrWoken, now or when it is called next, unless the frame is there already. It does not block,
// and is for others than the slot's owner.
func (s *Slot) Wake() {
	s.waking.Lock()
	defer s.waking.Unlock()
	s.woken = true
	_ = s.in.SetReadDeadline(longAgo) // fails only on a closed pipe, which wakes as well
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// Unwake ends what Wake has begun.
func (s *Slot) Unwake() {
	s.waking.Lock()
	s.woken = false
	s.waking.Unlock()
}

func (s *Slot) isWoken() bool {
	s.waking.Lock()
	defer s.waking.Unlock()
	return s.woken
}
