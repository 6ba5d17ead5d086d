package workers

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// PoolState is what the pool does at one moment.
type PoolState struct {
	// Workers are the processes, in the order of their seats, and of one seat the older one first.
	Workers []WorkerState
	// Restarts are how many workers were replaced, by Cause.
	Restarts [causes]uint64
	// Failed are the starts that came to nothing.
	Failed uint64
}

// WorkerState is one process.
type WorkerState struct {
	ID, PID int
	// Generation counts the reloads, from 1.
	Generation int
	State      State
	Started    time.Time
	Requests   uint64
	// RSS is how much memory is resident, in bytes, at most rssAge ago; 0 where nobody knows.
	RSS int64
	// GIL is how long its threads wait for the GIL; without a Count nobody knows.
	GIL     GILWait
	Threads []SlotState
}

// State returns what the pool does. It reads files of /proc, and does not block otherwise. Safe for concurrent use.
func (p *Pool) State() PoolState {
	state := PoolState{Failed: p.restarts.failed.Load()}
	for cause := range state.Restarts {
		state.Restarts[cause] = p.restarts.by[cause].Load()
	}
	now := time.Now()
	for _, w := range p.roster.all() {
		if w.State() != Exited { // it is about to leave
			state.Workers = append(state.Workers, w.summary(now))
		}
	}
	slices.SortFunc(state.Workers, func(a, b WorkerState) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), a.Started.Compare(b.Started), cmp.Compare(a.PID, b.PID))
	})
	return state
}

func (w *Worker) summary(now time.Time) WorkerState {
	s := WorkerState{
		ID: w.id, PID: w.PID(), Generation: w.generation, State: w.State(), Started: w.started,
		Requests: w.requests(), RSS: w.weight.of(w.PID(), now), GIL: w.gil.state(now),
	}
	for _, slot := range w.slots {
		s.Threads = append(s.Threads, slot.State())
	}
	return s
}

// roster is all processes that have been started and not been waited for.
type roster struct {
	mu      sync.Mutex
	present map[*Worker]struct{}
}

func (r *roster) enter(w *Worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.present == nil {
		r.present = map[*Worker]struct{}{}
	}
	r.present[w] = struct{}{}
}

func (r *roster) leave(w *Worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.present, w)
}

func (r *roster) all() []*Worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Worker, 0, len(r.present))
	for w := range r.present {
		all = append(all, w)
	}
	return all
}

// find returns the process with an id, or nil.
func (r *roster) find(pid int) *Worker {
	for _, w := range r.all() {
		if w.PID() == pid {
			return w
		}
	}
	return nil
}

// weight is the memory of a process, which is looked at no more often than every rssAge.
type weight struct {
	mu    sync.Mutex
	bytes int64
	at    time.Time
}

// rssAge is how old it may be.
const rssAge = time.Second

func (w *weight) of(pid int, now time.Time) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at.IsZero() || now.Sub(w.at) >= rssAge {
		w.bytes, w.at = residentSize(pid), now
	}
	return w.bytes
}
