// Package config holds everything an operator may set: one Config with a part for each package, its defaults, and the
// reading and checking of forebay.toml, the environment and the command line.
//
// A Config is made once, checked once, and never changed afterwards; a reload makes a new one. The order is default,
// gunicorn's file if one is named, file, environment, flag: later beats earlier. The package knows none of the others.
package config

import "time"

// Config is the whole configuration. Each part is passed by value to the package that it is named after.
type Config struct {
	App      App
	Process  Process
	Log      Log
	Admin    Admin
	Proxy    Proxy
	Dispatch Dispatch
	Workers  Workers
	Limiting Limiting
	Redis    Redis
	// Limits are the rate limits, in the order in which they are asked.
	Limits []Limit
	// Paths are what differs for the requests below a path prefix. A request carries the index into it: see MatchPath.
	Paths []Path
}

// App says which WSGI application runs, and with which Python. The embedded worker program receives it at boot.
type App struct {
	// Spec is MODULE[:CALLABLE] as gunicorn takes it. Empty means the embedded demo application.
	Spec string `key:"app"`
	// Chdir is the directory to change to before the application is imported; it is the first entry of sys.path.
	// Empty means the current directory.
	Chdir string `key:"chdir"`
	// PythonPath are further directories for sys.path, in order, after Chdir.
	PythonPath []string `key:"pythonpath"`
	// Env are KEY=VALUE pairs added to the environment of the workers.
	Env []string `key:"env"`
	// Python is the interpreter. Empty means: that of the virtual environment that forebay is installed in, else
	// $VIRTUAL_ENV, else .venv or venv beside the application, else python3.
	Python string `key:"python"`
	// ScriptName is where the application is mounted, such as "/shop": SCRIPT_NAME in the environ, taken off PATH_INFO.
	// Empty means the root. It never comes from a request.
	ScriptName string `key:"script_name"`
	// Django says whether the application's Django settings are asked for STATIC_ROOT and MEDIA_ROOT, which then are served
	// without the application.
	Django bool `key:"django"`
	// FromGunicorn is a configuration file of gunicorn's, whose settings count before the defaults and after all others.
	// Empty means none.
	FromGunicorn string `key:"from_gunicorn"`
}

// Process is about forebay's own process.
type Process struct {
	// Name is shown in the process list before the application's name. Empty means "forebay".
	Name string `key:"name"`
	// User and Group are what the worker processes run as: a name or a number. Empty means unchanged.
	User  string `key:"user"`
	Group string `key:"group"`
	// Umask for files made by forebay and its workers, in octal. -1 means unchanged.
	Umask int `key:"umask"`
	// PIDFile is written after the listeners are open and removed at the end. Empty means none.
	PIDFile string `key:"pid"`
}

// Log is about the two streams of lines that forebay writes.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `key:"log_level"`
	// Format is that of forebay's own log, on stderr.
	Format LogStyle `key:"log_format"`
	// Rate bounds the records a second in it: those of forebay, and as many that the application writes to stdout and
	// stderr. Further ones are dropped and counted. 0 means no limit.
	Rate int `key:"log_rate"`
	// Access is where the access log goes: "-" is stdout, a path is a file that is appended to, syslog: is the machine's
	// syslog (see ParseSyslog), empty is nowhere.
	Access string `key:"access_logfile"`
	// AccessFormat is what its lines look like: FormatAuto, FormatCombined, FormatJSON, FormatPretty, or a text with
	// placeholders (see ParseLogFormat).
	AccessFormat string `key:"access_log_format"`
	// AccessBuffer bounds the lines that wait to be written, in bytes; as many again may be on their way. Above it lines
	// are dropped and counted.
	AccessBuffer int64 `key:"access_log_buffer"`
	// AccessExclude are paths whose requests have no line: patterns of prefixes as in Limit.Paths.
	AccessExclude []string `key:"access_log_exclude"`
	// AccessSample is the part of the requests that have a line, from 0 to 1.
	AccessSample float64 `key:"access_log_sample"`
	// AccessSlow is from which duration on a request always has a line, as those have that failed (status 499 or from 500
	// on, or an answer that was cut), whatever AccessExclude and AccessSample say. 0 means that none is slow.
	AccessSlow time.Duration `key:"access_log_slow"`
}

// LogStyle is a format of forebay's own log.
type LogStyle string

// The choices of LogStyle.
const (
	// LogAuto is LogText, in colours on a terminal.
	LogAuto LogStyle = "auto"
	// LogText is for people: a line for each event, and tracebacks below it.
	LogText LogStyle = "text"
	// LogJSON is one object a line.
	LogJSON LogStyle = "json"
)

// Proxy is about HTTP: the listeners, what a client may send and how long it may take.
type Proxy struct {
	// Bind are the addresses to listen on: HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N.
	Bind []string `key:"bind"`
	// Backlog is how many connections the kernel holds that are not accepted yet.
	Backlog int `key:"backlog"`
	// MaxConnections is how many client connections may be open at once; further ones are answered 503. 0 means no limit.
	MaxConnections int `key:"max_connections"`
	// MaxConnectionsPerAddress is how many of them one client address may have. An IPv6 client is counted by its /64,
	// which is what one customer has (RFC 6177). 0 means no limit.
	MaxConnectionsPerAddress int `key:"max_connections_per_address"`
	// HeadTimeout is the time from a connection's or a request's first byte to the end of its head. After it: 408.
	HeadTimeout time.Duration `key:"head_timeout"`
	// HeadSize bounds request line and fields together, in bytes. Above it: 431.
	HeadSize int `key:"head_size"`
	// LimitRequestLine bounds the request target, in bytes. Above it: 414.
	LimitRequestLine int `key:"limit_request_line"`
	// LimitRequestFields bounds the number of fields. Above it: 431.
	LimitRequestFields int `key:"limit_request_fields"`
	// LimitRequestFieldSize bounds one field line, in bytes. Above it: 431.
	LimitRequestFieldSize int `key:"limit_request_field_size"`
	// KeepAlive is how long an idle connection is kept. 0 means that each connection serves one request.
	KeepAlive time.Duration `key:"keep_alive"`
	// KeepAliveRequests is how many requests a connection may serve before it is closed. 0 means no limit.
	KeepAliveRequests int `key:"keep_alive_requests"`
	// BodyTimeout is the longest pause between two reads of a request body. After it: 408.
	BodyTimeout time.Duration `key:"body_timeout"`
	// BodyMinRate is how fast a request body must come on average, in bytes a second, once BodyMinRateAfter has passed.
	// Below it: 408. 0 means no limit.
	BodyMinRate int64 `key:"body_min_rate"`
	// BodyMinRateAfter is the time from a request's head in which its body may come as slowly as BodyTimeout allows.
	BodyMinRateAfter time.Duration `key:"body_min_rate_after"`
	// BodySize bounds a request body, in bytes. Above it: 413. 0 means no limit.
	BodySize int64 `key:"body_size"`
	// BodyMemory is how much of a request body is held in memory, in bytes; a larger one goes to an unlinked temporary file.
	BodyMemory int64 `key:"body_memory"`
	// ResponseMemory is how much of a response waits in memory for its client, in bytes; the rest goes to an unlinked
	// temporary file.
	ResponseMemory int64 `key:"response_memory"`
	// ResponseSpool bounds what of a response waits in that file, in bytes. When it is full the application's thread waits.
	ResponseSpool int64 `key:"response_spool"`
	// SendTimeout is the longest pause in which a client takes nothing of a response. After it the connection is cut.
	SendTimeout time.Duration `key:"send_timeout"`
	// SendMinRate is how fast a client must take a response on average, in bytes a second, while something waits for it,
	// once SendMinRateAfter has passed. Below it the connection is cut. 0 means no limit.
	SendMinRate int64 `key:"send_min_rate"`
	// SendMinRateAfter is the time from a response's head in which it may be taken as slowly as SendTimeout allows.
	SendMinRateAfter time.Duration `key:"send_min_rate_after"`
	// SpoolMemory bounds the memory of all request bodies and responses together, in bytes. What does not fit goes to
	// unlinked temporary files. 0 means that all of it does, but for the piece that each needs to make progress.
	SpoolMemory int64 `key:"spool_memory"`
	// TempDir is where the unlinked temporary files are made. Empty means the system's own choice ($TMPDIR, /tmp).
	TempDir string `key:"temp_dir"`
	// ForwardedAllowIPs are the addresses and networks (CIDR) of proxies whose forwarded fields are believed; "*" is
	// everybody, "unix" is every peer of a unix socket. Empty means nobody.
	ForwardedAllowIPs []string `key:"forwarded_allow_ips"`
	// ProxyProtocolFrom are the addresses and networks, "unix" or "*" as above, whose connections begin with a header of
	// the PROXY protocol, version 1 or 2. From these it is demanded, from all others it is a malformed request. Empty means
	// nobody.
	ProxyProtocolFrom []string `key:"proxy_protocol_from"`
	// RequestIDHeader is the field that has a request's id: a trusted proxy's is taken over, the application and the client
	// see it. Empty means that there is none: such a field is the application's own matter, and the id is in the logs and
	// in forebay.request_id only.
	RequestIDHeader string `key:"request_id_header"`
	// ServerTiming says whether answers tell by Server-Timing how long their requests waited and ran.
	ServerTiming bool `key:"server_timing"`
	// Static are the directories that are served without the application.
	Static []Static `key:"static"`
	// StaticMemory bounds the contents of static files that are kept in memory, in bytes. 0 means that none are.
	StaticMemory int64 `key:"static_memory"`
	// StaticFiles bounds the larger static files that are kept open. 0 means that none are.
	StaticFiles int `key:"static_files"`
	// Compress says whether the application's responses are compressed for clients that take it.
	Compress bool `key:"compress"`
	// CompressTypes are the media types that are. Empty means text, and what else is known to get smaller.
	CompressTypes []string `key:"compress_types"`
	// CompressMinSize is from which size on, in bytes; a response whose size is not known is compressed.
	CompressMinSize int64 `key:"compress_min_size"`
	// CompressStreams is how many responses are compressed at once; further ones go as they are.
	CompressStreams int `key:"compress_streams"`
	// XSendfile are the directories below which a response's X-Sendfile may name a file, by its absolute path. Empty means
	// that the field is the application's own and goes to the client.
	XSendfile []string `key:"x_sendfile"`
	// XAccelRedirect are the prefixes below which a response's X-Accel-Redirect may name a file, as nginx's internal
	// locations. Empty means that the field is the application's own and goes to the client.
	XAccelRedirect []Internal `key:"x_accel_redirect"`
}

// Internal maps a path prefix that only the application may name to a directory.
type Internal struct {
	// Prefix is a path that begins and ends with a slash. It is no part of the site: a client's request never matches it.
	Prefix string
	// Dir is the directory below which, and only below which, files are sent.
	Dir string
}

// Dispatch is about requests that wait for a thread, and those that run on one.
type Dispatch struct {
	// QueueSize is how many requests may wait for a free thread. Above it: 503.
	QueueSize int `key:"queue_size"`
	// QueueTimeout is how long a request may wait for one. After it: 503.
	QueueTimeout time.Duration `key:"queue_timeout"`
	// Timeout is the time from dispatch to the head of the response, and then of each pause within its body.
	// Before the head: 504; after it the connection is cut. 0 means no limit.
	Timeout time.Duration `key:"timeout"`
	// GracefulTimeout is how long running requests may take to end after a stop was asked for, and how long a thread
	// may take to come back after its request's deadline has passed, before its process is replaced.
	GracefulTimeout time.Duration `key:"graceful_timeout"`
	// Interrupt says whether forebay.RequestTimeout is raised in a thread whose request's deadline has passed.
	Interrupt bool `key:"interrupt"`
	// Retry says which requests are run again when their worker died while it ran them and no byte of an answer has left.
	// What no thread had begun is always run again.
	Retry Retry `key:"retry"`
}

// Retry is a choice of requests.
type Retry string

// The choices of Retry.
const (
	// RetryIdempotent are those whose method is safe or idempotent (RFC 9110, section 9.2.2).
	RetryIdempotent Retry = "idempotent"
	// RetryNever are none.
	RetryNever Retry = "never"
	// RetryAlways are all: the application promises that running a request twice does no harm.
	RetryAlways Retry = "always"
)

// Workers is about the Python processes.
type Workers struct {
	// Processes is how many worker processes run. 0 means as many as the CPUs that the cgroup allows.
	Processes int `key:"workers"`
	// Threads is how many threads each of them calls the application from.
	Threads int `key:"threads"`
	// BootTimeout is how long a worker may take to import the application.
	BootTimeout time.Duration `key:"boot_timeout"`
	// MaxRequests is after how many requests a worker is replaced. 0 means never.
	MaxRequests int `key:"max_requests"`
	// MaxRequestsJitter is the most that is added to MaxRequests, at random for each worker, so that not all are replaced
	// at the same time.
	MaxRequestsJitter int `key:"max_requests_jitter"`
	// MaxRSS is the resident memory, in bytes, above which a worker is replaced as soon as it is idle, or has not been for a
	// minute. 0 means no limit.
	MaxRSS int64 `key:"max_rss"`
	// MaxRSSHard is that above which it is replaced without waiting for that. 0 means no limit.
	MaxRSSHard int64 `key:"max_rss_hard"`
	// MaxLifetime is how long a worker lives before it is replaced. 0 means no limit.
	MaxLifetime time.Duration `key:"max_lifetime"`
	// Native says whether workers run requests by native code, where there is some for their system and Python.
	Native bool `key:"native"`
	// Preload says whether one process imports the application and forks the workers, which then share its memory.
	Preload bool `key:"preload"`
	// Hooks is a Python file that may define post_fork(worker), when_ready(server) and worker_exit(worker). Empty means none.
	Hooks string `key:"hooks"`
	// Reload says whether workers are restarted when code of the application changes. It is for development.
	Reload bool `key:"reload"`
	// ReloadExtraFiles are the patterns of further files, as absolute paths, whose changes count for Reload.
	ReloadExtraFiles []string `key:"reload_extra_files"`
}

// Default returns the configuration that is in force where nothing is said. All defaults stand here and nowhere else.
func Default() Config {
	return Config{
		Process: Process{Umask: -1},
		Log: Log{
			Level: "info", Format: LogAuto, Rate: 5000,
			Access: "-", AccessFormat: FormatAuto, AccessBuffer: 1 << 20, AccessSample: 1, AccessSlow: time.Second,
		},
		Proxy: Proxy{
			Bind:                  []string{"127.0.0.1:8000"},
			Backlog:               2048,
			HeadTimeout:           10 * time.Second,
			HeadSize:              32 << 10,
			LimitRequestLine:      8190,
			LimitRequestFields:    100,
			LimitRequestFieldSize: 8190,
			KeepAlive:             75 * time.Second,
			BodyTimeout:           60 * time.Second,
			BodyMinRate:           500,
			BodyMinRateAfter:      10 * time.Second,
			BodySize:              16 << 20,
			BodyMemory:            128 << 10,
			ResponseMemory:        128 << 10,
			ResponseSpool:         1 << 30,
			SendTimeout:           60 * time.Second,
			SendMinRateAfter:      60 * time.Second,
			RequestIDHeader:       "X-Request-ID",
			StaticMemory:          192 << 20,
			StaticFiles:           512,
			CompressMinSize:       1 << 10,
			CompressStreams:       64,
			SpoolMemory:           256 << 20,
		},
		Dispatch: Dispatch{
			QueueSize:       2048,
			QueueTimeout:    10 * time.Second,
			Timeout:         30 * time.Second,
			GracefulTimeout: 30 * time.Second,
			Interrupt:       true,
			Retry:           RetryIdempotent,
		},
		Workers: Workers{
			Threads:     4,
			Native:      true,
			BootTimeout: 60 * time.Second,
		},
		Limiting: Limiting{Keys: 1_000_000, Delay: 10 * time.Second, Delayed: 1024},
		Redis: Redis{
			Prefix:      "forebay:",
			Timeout:     10 * time.Millisecond,
			Retry:       time.Second,
			Connections: 2,
			Batch:       128,
			Queue:       4096,
		},
	}
}
