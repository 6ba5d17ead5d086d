package workers

import "sync/atomic"

// Cause is why a worker was replaced.
type Cause uint8

// The causes.
const (
	Died        Cause = iota // by itself, or by somebody else's hand
	Broken                   // it did not speak as a worker does
	Overdue                  // a thread did not come back from a request whose deadline had passed
	MaxRequests              // it has served its number of requests
	MaxRSS                   // it has grown too large
	MaxLifetime              // it has served its time
	Reloaded                 // its generation was followed by another one

	causes = iota
)

// Causes are the names of all causes, by their values. Those of wear are the keys of the configuration.
var Causes = [causes]string{
	Died: "died", Broken: "broken", Overdue: "timeout", MaxRequests: "max_requests", MaxRSS: "max_rss",
	MaxLifetime: "max_lifetime", Reloaded: "reload",
}

func (c Cause) String() string { return Causes[c] }

// causeOf is the cause of a worker's having a successor for the reason of an inspector, or as it is worn.
func causeOf(reason string) Cause {
	switch reason {
	case MaxRequests.String():
		return MaxRequests
	case MaxLifetime.String():
		return MaxLifetime
	}
	return MaxRSS // or max_rss_hard
}

// restarts count the workers that were replaced.
type restarts struct {
	by     [causes]atomic.Uint64
	failed atomic.Uint64 // starts that came to nothing
}

func (r *restarts) add(c Cause, n int) { r.by[c].Add(uint64(n)) }
