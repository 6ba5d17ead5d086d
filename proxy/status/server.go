package status

import (
	"os"
	"time"
)

// Status returns what the server does now; with history it has the last five minutes in it. It does not block, but reads
// a file of /proc for each worker.
func (s *Server) Status(history bool) *Status {
	p := s.Picture()
	front, work := &p.Proxy, &p.Dispatch
	st := &Status{
		Version: s.Version, PID: os.Getpid(), Now: unix(p.Time), Started: unix(s.Started), State: p.State, App: s.App(),
		Python: p.Python, Host: hostName, Listeners: s.Listeners(), Reload: s.Reload(),
		Requests: requestsOf(&p.Counts),
		Latency:  latencyOf(s.Meter.Latency()),
		Slots:    Slots{Total: work.Threads, Busy: work.Busy, Idle: work.Idle},
		Queue:    queueOf(work),
		Batches:  Batches{Count: work.Batches, Requests: work.Batched, Recalled: work.Recalled},

		Connections: Connections{Open: front.Open, Idle: front.Idle, Limit: front.Limit},
		Spool:       Spool{Memory: p.SpoolUsed, Limit: p.SpoolLimit},
		Workers:     workersOf(&p.Pool),
		Restarts:    restartsOf(&p.Pool),
		Limits:      limitsOf(p.Limits),
		Redis:       Redis{State: p.Redis.State, Since: unix(p.Redis.Since), Errors: p.Redis.Errors},
		Static: Static{
			Files: front.Static.Files, Memory: front.Static.Memory, Hits: front.Static.Hits, Misses: front.Static.Misses,
		},
		Slow:   slowOf(s.Meter.Slow(p.Time)),
		Errors: errorsOf(s.Meter.Wrong()),
	}
	st.Requests.Dropped = p.Dropped
	if history {
		st.History = historyOf(s.Meter.History())
	}
	return st
}

// unix is a moment as a Status has it; 0 for the zero time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
