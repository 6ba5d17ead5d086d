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
	Version string
	Started time.Time
	// State, App, Python, Listeners and Reload are asked for each Status. They must not block.
	State     func() string
	App       func() string
	Python    func() string
	Listeners func() []string
	Reload    func() *Reload
	// Dropped is how many lines of the access log were dropped.
	Dropped func() uint64

	Meter      *measure.Meter
	Proxy      *proxy.Proxy
	Dispatcher *dispatch.Dispatcher
	Pool       *workers.Pool
	Limiter    *limit.Limiter
	Budget     *spool.Budget
}

// Picture is what all parts of a server say of themselves at one moment, in their own words.
type Picture struct {
	Time time.Time
	// State is one of Starting, Serving and Draining.
	State  string
	Python string // its version; empty before the first worker is ready

	Counts   measure.Counts
	Proxy    proxy.State
	Dispatch dispatch.State
	Pool     workers.PoolState
	Limits   []limit.Stat
	Redis    limit.RedisState

	SpoolUsed, SpoolLimit int64
	Dropped               uint64
}

// Picture asks all parts, one after the other. It does not block, but reads a file of /proc for each worker.
func (s *Server) Picture() *Picture {
	return &Picture{
		Time: time.Now(), State: s.State(), Python: s.Python(),
		Counts: s.Meter.Counts(), Proxy: s.Proxy.State(), Dispatch: s.Dispatcher.State(), Pool: s.Pool.State(),
		Limits: s.Limiter.Stats(), Redis: s.Limiter.Redis(),
		SpoolUsed: s.Budget.Used(), SpoolLimit: s.Budget.Limit(), Dropped: s.Dropped(),
	}
}

// hostName is that of the machine. Nobody changes it while a server runs.
var hostName, _ = os.Hostname() // without one there is none to show
