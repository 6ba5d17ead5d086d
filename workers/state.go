package workers

// State is where a worker is in its life. It only ever moves forward, by Worker.become.
type State int32

// The states of a worker.
const (
	Booting  State = iota // the process runs, the application is being imported
	Loaded                // the application is there; the worker waits for the others of its generation
	Ready                 // its slots are lent
	Draining              // it takes nothing new
	Exited                // the process has been waited for
)

// String returns the state's name as it stands in the log.
func (s State) String() string {
	switch s {
	case Booting:
		return "booting"
	case Loaded:
		return "loaded"
	case Ready:
		return "ready"
	case Draining:
		return "draining"
	case Exited:
		return "exited"
	}
	return "unknown"
}

// State returns where the worker is in its life.
func (w *Worker) State() State { return State(w.state.Load()) }

// become is the one place where a state changes. A worker may skip states, as it can die in each, and never goes back. It
// reports false if the worker is there or further already.
func (w *Worker) become(next State) bool {
	for {
		now := w.state.Load()
		if now >= int32(next) {
			return false
		}
		if w.state.CompareAndSwap(now, int32(next)) {
			w.log.Debug("worker state", "state", next.String(), "was", State(now).String())
			return true
		}
	}
}
