package status

// Times within a Status are seconds, moments are Unix times in seconds, and sizes are bytes.

// Status is what a server does at one moment, and what it has done.
type Status struct {
	Version   string   `json:"version"`
	PID       int      `json:"pid"`
	Now       float64  `json:"now"`
	Started   float64  `json:"started"`
	State     string   `json:"state"` // one of the State constants
	App       string   `json:"app"`
	Python    string   `json:"python"` // its version; empty before the first worker is ready
	Host      string   `json:"host"`   // the machine's name
	Listeners []string `json:"listeners"`
	Reload    *Reload  `json:"reload"` // the last one that has ended; nil: there was none

	Requests    Requests     `json:"requests"`
	Latency     Latency      `json:"latency"`
	History     []Second     `json:"history,omitempty"` // the last five minutes, oldest first; only where it was asked for
	Slots       Slots        `json:"slots"`
	Queue       Queue        `json:"queue"`
	Batches     Batches      `json:"batches"`
	Connections Connections  `json:"connections"`
	Spool       Spool        `json:"spool"`
	Workers     []Worker     `json:"workers"`
	Restarts    Restarts     `json:"restarts"`
	Limits      []Limit      `json:"limits"`
	Redis       Redis        `json:"redis"`
	Static      Static       `json:"static"`
	Slow        []Slow       `json:"slow"`   // the slowest first
	Errors      []ErrorEntry `json:"errors"` // the newest first
}

// What Status.State says.
const (
	Starting = "starting"
	Serving  = "serving"
	Draining = "draining"
)

// Reload is what became of a reload.
type Reload struct {
	Number uint64  `json:"number"` // of all that have begun, from 1
	Time   float64 `json:"time"`   // when it had ended
	Took   float64 `json:"took"`
	OK     bool    `json:"ok"`
	Error  string  `json:"error"` // why nothing has changed; empty if it has
}

// Requests are the answered requests since the start.
type Requests struct {
	Total    uint64            `json:"total"`
	ByStatus map[string]uint64 `json:"by_status"` // by exact code
	BySource map[string]uint64 `json:"by_source"` // application, handover, server and static
	ByReason map[string]uint64 `json:"by_reason"` // why forebay has refused or cut some
	Received uint64            `json:"received_bytes"`
	Sent     uint64            `json:"sent_bytes"`
	Dropped  uint64            `json:"log_lines_dropped"`
}

// Latency is how long the requests of the last minute took: in all, in the queue, and in the application.
type Latency struct {
	Window         float64 `json:"window"`
	Count          uint64  `json:"count"`
	P50            float64 `json:"p50"`
	P90            float64 `json:"p90"`
	P99            float64 `json:"p99"`
	QueueP50       float64 `json:"queue_p50"`
	QueueP99       float64 `json:"queue_p99"`
	ApplicationP50 float64 `json:"application_p50"`
	ApplicationP99 float64 `json:"application_p99"`
}

// Second is one second of the last ones.
type Second struct {
	T        int64   `json:"t"`
	Requests uint64  `json:"requests"`
	Errors   uint64  `json:"errors"` // answers with 5xx
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	QueueP99 float64 `json:"queue_p99"`
	Busy     float64 `json:"busy"` // slots, on average
}

// Slots are the threads that requests may run on.
type Slots struct {
	Total int `json:"total"`
	Busy  int `json:"busy"`
	Idle  int `json:"idle"`
}

// Queue is what waits for a slot: all of it, and that of the path prefixes which have a part of their own.
type Queue struct {
	Length int     `json:"length"`
	Limit  int     `json:"limit"`
	Oldest float64 `json:"oldest"`
	Paths  []Path  `json:"paths"`
}

// Path is what one path prefix has of queue and slots.
type Path struct {
	Prefix string  `json:"prefix"`
	Length int     `json:"length"`
	Limit  int     `json:"limit"`
	Oldest float64 `json:"oldest"`
	Busy   int     `json:"busy"`
	Slots  int     `json:"slots"` // most that may be busy; 0: no limit
}

// Batches are the requests that were given to a thread together.
type Batches struct {
	Count    uint64 `json:"count"`
	Requests uint64 `json:"requests"`
	Recalled uint64 `json:"recalled"` // of these, taken back as one before them was slow
}

// Connections are those of clients.
type Connections struct {
	Open  int `json:"open"`
	Idle  int `json:"idle"`
	Limit int `json:"limit"` // 0: there is none
}

// Spool is the memory that bodies have.
type Spool struct {
	Memory int64 `json:"memory"`
	Limit  int64 `json:"limit"`
}

// Worker is a Python process.
type Worker struct {
	ID         int      `json:"id"` // of its seat: a successor has the same
	PID        int      `json:"pid"`
	Generation int      `json:"generation"`
	State      string   `json:"state"` // booting, serving or retiring
	Started    float64  `json:"started"`
	Requests   uint64   `json:"requests"`
	RSS        int64    `json:"rss"`
	GIL        *float64 `json:"gil_wait"` // how long a thread waits for the GIL; null where nobody knows, or there is none
	Threads    []Thread `json:"threads"`
}

// Thread is one of its threads.
type Thread struct {
	Thread  int      `json:"thread"`
	State   string   `json:"state"` // idle, busy or stuck
	Since   float64  `json:"since"` // of that state; 0 if it has never run a request
	Request *Request `json:"request"`
}

// Request is what a thread runs.
type Request struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Restarts are the workers that were replaced, by the reason.
type Restarts struct {
	Died        uint64 `json:"died"`
	MaxRequests uint64 `json:"max_requests"`
	MaxRSS      uint64 `json:"max_rss"`
	MaxLifetime uint64 `json:"max_lifetime"`
	Timeout     uint64 `json:"timeout"`
	Reload      uint64 `json:"reload"`
	Broken      uint64 `json:"broken"` // it did not speak as a worker does
	Failed      uint64 `json:"failed"` // starts that came to nothing
}

// Limit is what a rate limit has done.
type Limit struct {
	Name    string `json:"name"`
	Allowed int64  `json:"allowed"`
	Refused int64  `json:"refused"`
	Delayed int64  `json:"delayed"`
	DryRun  int64  `json:"dry_run"`
	Alone   int64  `json:"alone"` // decided without Redis, as it did not answer
	Keys    int    `json:"keys"`
}

// Redis is that of the limits.
type Redis struct {
	State  string  `json:"state"` // none, up or down
	Since  float64 `json:"since"`
	Errors uint64  `json:"errors"`
}

// Static is what is kept of static files.
type Static struct {
	Files  int    `json:"files"`
	Memory int64  `json:"memory"`
	Hits   uint64 `json:"hits"`
	Misses uint64 `json:"misses"`
}

// Slow is one of the slowest requests of the last five minutes.
type Slow struct {
	ID          string  `json:"id"`
	Time        float64 `json:"time"`
	Method      string  `json:"method"`
	Path        string  `json:"path"`
	Status      int     `json:"status"`
	Read        float64 `json:"read"`
	Delayed     float64 `json:"delayed"`
	Queue       float64 `json:"queue"`
	Application float64 `json:"application"`
	Send        float64 `json:"send"`
	Total       float64 `json:"total"`
	Worker      int     `json:"worker"`
	Thread      int     `json:"thread"`
}

// ErrorEntry is one of the last answers of forebay's own that say that something went wrong, or an answer that was cut.
type ErrorEntry struct {
	ID     string  `json:"id"`
	Time   float64 `json:"time"`
	Method string  `json:"method"`
	Path   string  `json:"path"`
	Status int     `json:"status"`
	Reason string  `json:"reason"`
}
