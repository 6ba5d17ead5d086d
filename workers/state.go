package workers

// State is where a worker is in its life. It only ever moves forward, by Worker.become.
type State int32

// The states of a worker.
const (
	Booting  State = iota // the process runs, the application is being imported
	Ready                 // its slots are lent
	Draining              // it takes nothing new
	Exited                // the process has been waited for
)

// String returns the state's name as it stands in the log.
func (s State) String() string {
	switch s {
	case Booting:
		return "booting"
	case Ready:
		return "ready"
	case Draining:
		return "draining"
	case Exited:
		return "exited"
	}
	return "unknown"
}
