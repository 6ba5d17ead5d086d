package workers

import "time"

// SlotState is what a thread does at one moment.
type SlotState struct {
	// Busy says that it runs a request, or is not back from one, and Stuck that this one's deadline has passed.
	Busy, Stuck bool
	// Since is the beginning of that request, or the end of the last one; zero if there was none.
	Since time.Time
	// Method, Target and RequestID are those of the request. What a client sent stands in them as it was sent.
	Method, Target, RequestID string
}

// State returns what the thread does. It does not block. Safe for concurrent use.
func (s *Slot) State() SlotState {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.servingLocked()
	if now.Method == "" {
		return SlotState{Since: s.back}
	}
	return SlotState{
		Busy: true, Stuck: s.overdue, Since: s.since,
		Method: now.Method, Target: now.Target, RequestID: now.RequestID,
	}
}
