package status

import (
	"os"
	"time"

	"forebay/dispatch"
	"forebay/proxy"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/python/spool"
	"forebay/workers"
)

// Server is what a Status is made of: the parts of a running server, none of which may be nil, and what only the one who
// has built them knows. It is set up once. Its methods are safe for concurrent use.
type Server struct {
	Version, App string
	Started      time.Time
	// State, Python and Listeners are asked for each Status. They must not block.
	State     func() string
	Python    func() string
	Listeners func() []string
	// Dropped is how many lines of the access log were dropped.
	Dropped func() uint64

	Meter      *measure.Meter
	Proxy      *proxy.Proxy
	Dispatcher *dispatch.Dispatcher
	Pool       *workers.Pool
	Limiter    *limit.Limiter
	Budget     *spool.Budget
}

// hostName is that of the machine. Nobody changes it while a server runs.
var hostName, _ = os.Hostname() // without one there is none to show

// Status returns what the server does now; with history it has the last five minutes in it. It does not block, but reads
// a file of /proc for each worker.
func (s *Server) Status(history bool) *Status {
	now := time.Now()
	pool, front, work := s.Pool.State(), s.Proxy.State(), s.Dispatcher.State()
	st := &Status{
		Version: s.Version, PID: os.Getpid(), Now: unix(now), Started: unix(s.Started), State: s.State(), App: s.App,
		Python: s.Python(), Host: hostName, Listeners: s.Listeners(),
		Slots:       Slots{Total: work.Threads, Busy: work.Busy, Idle: work.Idle},
		Queue:       queueOf(&work),
		Batches:     Batches{Count: work.Batches, Requests: work.Batched, Recalled: work.Recalled},
		Connections: Connections{Open: front.Open, Idle: front.Idle, Limit: front.Limit},
		Spool:       Spool{Memory: s.Budget.Used(), Limit: s.Budget.Limit()},
		Workers:     workersOf(&pool),
		Restarts:    restartsOf(&pool),
		Static: Static{
			Files: front.Static.Files, Memory: front.Static.Memory, Hits: front.Static.Hits, Misses: front.Static.Misses,
		},
	}
	s.measured(st, now, history)
	s.limited(st)
	return st
}

// measured adds what was counted of requests.
func (s *Server) measured(st *Status, now time.Time, history bool) {
	counts := s.Meter.Counts()
	st.Requests = requestsOf(&counts)
	st.Requests.Dropped = s.Dropped()
	st.Latency = latencyOf(s.Meter.Latency())
	if history {
		st.History = historyOf(s.Meter.History())
	}
	st.Slow = slowOf(s.Meter.Slow(now))
	st.Errors = errorsOf(s.Meter.Wrong())
}

// limited adds what the rate limits have done.
func (s *Server) limited(st *Status) {
	st.Limits = []Limit{}
	for _, l := range s.Limiter.Stats() {
		st.Limits = append(st.Limits, Limit{
			Name: l.Name, Allowed: l.Passed, Refused: l.Refused, Delayed: l.Delayed, DryRun: l.Spared, Alone: l.Alone, Keys: l.Keys,
		})
	}
	redis := s.Limiter.Redis()
	st.Redis = Redis{State: redis.State, Since: unix(redis.Since), Errors: redis.Errors}
}

// unix is a moment as a Status has it; 0 for the zero time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
