package scrape

import "github.com/prometheus/client_golang/prometheus"

// The names follow Prometheus' "Metric and label naming": base units, _total for what only grows. The label path is a
// prefix of the configuration's paths, and empty for what is under none.
var (
	buildInfo = gauge("build_info", "Version of forebay and of the application's Python; always 1.", "version", "python")
	ready     = gauge("ready", "Whether requests are served: 0 while starting or draining.")

	requests = counter("requests_total", "Answered requests, by status, method, who answered and path prefix; code 0 is no answer.",
		"code", "method", "source", "path")
	faults = counter("request_faults_total", "Requests that were refused, or whose answer failed or was cut, by the reason.", "reason")

	requestDuration = family("request_duration_seconds",
		"Time from a request's first byte to the last of its answer, by who answered and path prefix.", "source", "path")
	queueDuration = family("queue_duration_seconds", "Time that requests for the application waited for a thread.", "path")
	ranDuration   = family("application_duration_seconds", "Time that requests ran on a thread, to the head of the response.", "path")

	received = counter("request_body_bytes_total", "Bytes of request bodies that were received.")
	sent     = counter("response_body_bytes_total", "Bytes of response bodies that were sent.")

	slots       = gauge("slots", "Threads that requests may run on, by what they do.", "state")
	stuck       = gauge("threads_stuck", "Threads that run a request whose deadline has passed.")
	queueLength = gauge("queue_length", "Requests that wait for a thread.", "path")
	queueLimit  = gauge("queue_limit", "Most requests that may wait for a thread.", "path")
	queueOldest = gauge("queue_oldest_seconds", "How long the request has waited that waits longest.", "path")

	batches  = counter("batches_total", "Times that a thread was given several short requests at once.")
	batched  = counter("batched_requests_total", "Requests that were given so.")
	recalled = counter("recalled_requests_total", "Requests of these that were taken back, as one before them was not short.")
	retries  = counter("retries_total", "Requests that were run again, as their worker had died.")

	workerCount    = gauge("workers", "Worker processes, by state.", "state")
	workerRestarts = counter("worker_restarts_total", "Workers that were replaced, by the reason.", "reason")
	workerFailures = counter("worker_start_failures_total", "Starts of workers that failed.")
	workerRSS      = gauge("worker_rss_bytes", "Resident memory of the worker in a seat.", "worker")
	workerGIL      = family("worker_gil_wait_seconds", "How long a thread of the worker in a seat waits for the GIL, asked once a second.", "worker")

	connections     = gauge("connections", "Connections of clients, by state.", "state")
	connectionLimit = gauge("connections_limit", "Most connections (max_connections); 0 is no limit.")
	spoolBytes      = gauge("spool_bytes", "Memory that bodies of requests and responses have.")
	spoolLimit      = gauge("spool_limit_bytes", "Most of it (spool_memory).")

	limitRequests = counter("limit_requests_total", "Requests under a rate limit, by what it decided; dry_run would have been refused.", "limit", "outcome")
	limitDelayed  = counter("limit_delayed_requests_total", "Requests of those allowed that had to wait.", "limit")
	limitAlone    = counter("limit_alone_requests_total", "Requests that were decided about without Redis, as it did not answer.", "limit")
	limitKeys     = gauge("limit_keys", "Keys that a rate limit remembers.", "limit")
	redisUp       = gauge("redis_up", "Whether the limits' Redis answers; absent where none is used.")
	redisErrors   = counter("redis_errors_total", "Calls of Redis that failed or came late.")

	staticFiles  = gauge("static_files", "Static files that are kept, in memory or open.")
	staticBytes  = gauge("static_bytes", "Memory that their contents have.")
	staticHits   = counter("static_hits_total", "Static files that were answered with as they were kept, since the last reload.")
	staticMisses = counter("static_misses_total", "Static files that were opened, since the last reload.")

	traced = counter("traced_requests_total", "Requests that were sampled for OpenTelemetry, by what became of their spans; absent where nothing is traced.", "outcome")

	logDropped = counter("access_log_dropped_lines_total", "Lines of the access log that could not be written.")
)

// metric is a family of series without its values.
type metric struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

// families are all of them, and names what they are called.
var (
	families []*prometheus.Desc
	names    []string
)

// family describes metrics with one value for each combination of labels.
func family(name, help string, labels ...string) *prometheus.Desc {
	name = "forebay_" + name
	desc := prometheus.NewDesc(name, help, labels, nil)
	families, names = append(families, desc), append(names, name)
	return desc
}

func gauge(name, help string, labels ...string) metric {
	return metric{family(name, help, labels...), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{family(name, help, labels...), prometheus.CounterValue}
}
