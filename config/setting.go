package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Setting is one thing an operator may set. The files, the environment, the command line, the help and the README all
// take it from Settings.
type Setting struct {
	// Key names it in a file, and the field of Config by its tag.
	Key string
	// Flag is the long option without dashes. Empty means that it is the command line's argument.
	Flag string
	// Short is the one-letter option. Empty means none.
	Short string
	// Group is the heading it stands under in the help.
	Group string
	// Metavar stands for the value in the help. It is empty for a switch.
	Metavar string
	// Help is one line without a full stop.
	Help string

	kind kind
}

// The groups of settings.
const (
	groupApp       = "Application"
	groupListen    = "Listening"
	groupWorkers   = "Workers"
	groupQueue     = "Queue and deadlines"
	groupRequests  = "Requests"
	groupResponses = "Responses"
	groupLimits    = "Rate limits"
	groupProcess   = "Process and logs"
	groupAdmin     = "Admin listener"
)

// instant is the least of those durations for which 0 has no meaning.
const instant = int64(time.Millisecond)

// moment is the least of those before which a speed means nothing: a packet that is late is no slow client.
const moment = int64(time.Second)

// leastLogBuffer is room for some lines of any length that is usual.
const leastLogBuffer = 256 << 10

// Settings are all settings, group by group, in the order in which help shows them.
var Settings = []Setting{
	{"app", "", "", groupApp, "MODULE[:CALLABLE]", "the WSGI application; without it the demo application runs", textKind},
	{"static", "static", "", groupApp, "PREFIX=DIR", "serve the files below DIR at PREFIX without the application; repeatable", staticKind},
	{"django", "django", "", groupApp, "", "serve STATIC_ROOT and MEDIA_ROOT of Django's settings without the application", switchKind},
	{"from_gunicorn", "from-gunicorn", "", groupApp, "FILE", "gunicorn's configuration file, for what is not said elsewhere; forebay check says what of it counts", fileKind},
	{"chdir", "chdir", "", groupApp, "DIR", "change to DIR before the application is imported", dirKind},
	{"pythonpath", "pythonpath", "", groupApp, "DIR,...", "further directories for sys.path", dirsKind},
	{"env", "env", "e", groupApp, "KEY=VALUE", "add to the environment of the workers; repeatable", pairKind},
	{"python", "python", "", groupApp, "PATH", "the interpreter; else its own venv's, $VIRTUAL_ENV, .venv or venv, python3", programKind},
	{"script_name", "script-name", "", groupApp, "PATH", "where the application is mounted, such as /shop", textKind.like(mountPattern)},

	{"bind", "bind", "b", groupListen, "ADDRESS", "HOST:PORT, [IPV6]:PORT, :PORT on all addresses, unix:PATH or fd://N; repeatable", listenKind},
	{"backlog", "backlog", "", groupListen, "N", "connections the kernel holds until they are accepted", countKind.from(1)},
	{"max_connections", "max-connections", "", groupListen, "N", "open client connections, further ones are answered 503; 0 is no limit", countKind},
	{"max_connections_per_address", "max-connections-per-address", "", groupListen, "N", "of them from one address, or from one IPv6 /64; 0 is no limit", countKind},
	{"keep_alive", "keep-alive", "", groupListen, "TIME", "keep idle connections this long; 0 is one request each", durationKind},
	{"keep_alive_requests", "keep-alive-requests", "", groupListen, "N", "requests a connection may serve; 0 is no limit", countKind},
	{"forwarded_allow_ips", "forwarded-allow-ips", "", groupListen, "IP,...", "proxies whose forwarded fields are believed: addresses, networks, * or unix", namesKind},
	{"proxy_protocol_from", "proxy-protocol-from", "", groupListen, "IP,...", "who begins connections with a PROXY protocol header: addresses, networks, * or unix", namesKind},

	{"workers", "workers", "w", groupWorkers, "N", "worker processes; 0 is as many as CPUs are allowed", countKind},
	{"threads", "threads", "", groupWorkers, "N", "threads in each worker", countKind.from(1)},
	{"boot_timeout", "boot-timeout", "", groupWorkers, "TIME", "time for a worker to import the application", durationKind.from(instant)},
	{"preload", "preload", "", groupWorkers, "", "import the application once, then fork the workers", switchKind},
	{"native", "native", "", groupWorkers, "", "run plain requests by native code, on Linux with a CPython that has the GIL; else by Python alone", switchKind},
	{"hooks", "hooks", "", groupWorkers, "FILE", "Python file with post_fork, when_ready or worker_exit", fileKind},
	{"max_requests", "max-requests", "", groupWorkers, "N", "replace a worker after so many requests; 0 is never", countKind},
	{"max_requests_jitter", "max-requests-jitter", "", groupWorkers, "N", "most that is added to it, at random for each worker", countKind},
	{"max_rss", "max-rss", "", groupWorkers, "SIZE", "replace a worker with more memory when it is idle; 0 is no limit", sizeKind},
	{"max_rss_hard", "max-rss-hard", "", groupWorkers, "SIZE", "drain and replace a worker with more memory at once; 0 is no limit", sizeKind},
	{"max_lifetime", "max-lifetime", "", groupWorkers, "TIME", "replace a worker that is older; 0 is no limit", durationKind},
	{"reload", "reload", "", groupWorkers, "", "for development: restart the workers when code changes", switchKind},
	// gunicorn has this name for the option and that for the key.
	{"reload_extra_files", "reload-extra-file", "", groupWorkers, "GLOB,...", "further files whose changes count; repeatable", globsKind},

	{"timeout", "timeout", "t", groupQueue, "TIME", "time for the head of a response, then between its parts; 0 is no limit", durationKind},
	{"interrupt", "interrupt", "", groupQueue, "", "raise forebay.RequestTimeout in a thread when that time has passed", switchKind},
	{"graceful_timeout", "graceful-timeout", "", groupQueue, "TIME", "time for running requests to end at a stop", durationKind},
	{"retry", "retry", "", groupQueue, "WHICH", "requests that are run again when their worker died: " + either(retryKind.choices), retryKind},
	{"queue_size", "queue-size", "", groupQueue, "N", "requests that may wait for a thread; further ones are answered 503", countKind.from(1)},
	{"queue_timeout", "queue-timeout", "", groupQueue, "TIME", "time a request may wait for a thread, then 503", durationKind.from(instant)},

	{"head_timeout", "head-timeout", "", groupRequests, "TIME", "time to the end of a request's head, then 408", durationKind.from(instant)},
	{"head_size", "head-size", "", groupRequests, "SIZE", "request line and fields together, above it 431", sizeKind.from(1)},
	{"limit_request_line", "limit-request-line", "", groupRequests, "SIZE", "request target, above it 414", sizeKind.from(1)},
	{"limit_request_fields", "limit-request-fields", "", groupRequests, "N", "fields in a request, above it 431", countKind.from(1)},
	// gunicorn spells this one with an underscore.
	{"limit_request_field_size", "limit-request-field_size", "", groupRequests, "SIZE", "one field of a request, above it 431", sizeKind.from(1)},
	{"body_timeout", "body-timeout", "", groupRequests, "TIME", "longest pause in a request's body, then 408", durationKind.from(instant)},
	{"body_min_rate", "body-min-rate", "", groupRequests, "SIZE", "least speed of a request's body a second, then 408; 0 is no limit", sizeKind},
	{"body_min_rate_after", "body-min-rate-after", "", groupRequests, "TIME", "time until that speed is asked for", durationKind.from(moment)},
	{"body_size", "body-size", "", groupRequests, "SIZE", "a request's body, above it 413; 0 is no limit", sizeKind},
	{"body_memory", "body-memory", "", groupRequests, "SIZE", "a request's body in memory, above it a temporary file", sizeKind},
	{"request_id_header", "request-id-header", "", groupRequests, "NAME", "field with the request's id, of trusted proxies and in answers; empty is none", textKind},

	{"response_memory", "response-memory", "", groupResponses, "SIZE", "a response waiting in memory, above it a temporary file", sizeKind},
	{"response_spool", "response-spool", "", groupResponses, "SIZE", "a response waiting in that file, above it the application waits", sizeKind},
	{"send_timeout", "send-timeout", "", groupResponses, "TIME", "longest pause of a client that does not read", durationKind.from(instant)},
	{"send_min_rate", "send-min-rate", "", groupResponses, "SIZE", "least speed a second at which a client takes what waits for it; 0 is no limit", sizeKind},
	{"send_min_rate_after", "send-min-rate-after", "", groupResponses, "TIME", "time until that speed is asked for", durationKind.from(moment)},
	{"spool_memory", "spool-memory", "", groupResponses, "SIZE", "all bodies and responses in memory together, above it temporary files", sizeKind},
	{"temp_dir", "temp-dir", "", groupResponses, "DIR", "where unlinked temporary files are made; else $TMPDIR or /tmp", dirKind},
	{"static_memory", "static-memory", "", groupResponses, "SIZE", "static files in memory, above it they are read for each request", sizeKind},
	{"static_files", "static-files", "", groupResponses, "N", "larger static files that are kept open", countKind},
	{"compress", "compress", "", groupResponses, "", "compress responses for clients that take it; see the README on secrets in them", switchKind},
	{"compress_types", "compress-types", "", groupResponses, "TYPE,...", "media types that are compressed; else text and what else gets smaller", namesKind},
	{"compress_min_size", "compress-min-size", "", groupResponses, "SIZE", "responses from this size on", sizeKind},
	{"compress_streams", "compress-streams", "", groupResponses, "N", "responses that are compressed at once, further ones go as they are", countKind.from(1)},
	{"server_timing", "server-timing", "", groupResponses, "", "tell clients by Server-Timing how long a request waited and ran", switchKind},
	{"x_sendfile", "x-sendfile", "", groupResponses, "DIR,...", "send the file that a response's X-Sendfile names, if it is below DIR", dirsKind},
	{"x_accel_redirect", "x-accel-redirect", "", groupResponses, "PREFIX=DIR", "send the file below DIR that a response's X-Accel-Redirect names by PREFIX; repeatable", internalKind},

	{"limit_keys", "limit-keys", "", groupLimits, "N", "keys, such as addresses, that each limit remembers in this process", countKind.from(1)},
	{"limit_delay", "limit-delay", "", groupLimits, "TIME", "longest time that a limit delays a request", durationKind},
	{"limit_delayed", "limit-delayed", "", groupLimits, "N", "requests that limits may delay at once, further ones are refused", countKind},
	{"redis", "redis", "", groupLimits, "URL", "share limits through Redis: redis://, rediss:// or unix://; better in the environment", redisKind},
	{"redis_prefix", "redis-prefix", "", groupLimits, "TEXT", "how the names of our keys in it begin", textKind},
	{"redis_timeout", "redis-timeout", "", groupLimits, "TIME", "time for Redis to decide about a request, then this process does", durationKind.from(instant)},
	{"redis_retry", "redis-retry", "", groupLimits, "TIME", "longest pause between attempts to reach a Redis that has failed", durationKind.from(instant)},
	{"redis_connections", "redis-connections", "", groupLimits, "N", "connections to it", countKind.from(1)},
	{"redis_batch", "redis-batch", "", groupLimits, "N", "requests that are decided about in one step", countKind.from(1)},
	{"redis_queue", "redis-queue", "", groupLimits, "N", "requests that may wait for it, further ones are decided about here", countKind.from(1)},
	{"redis_nodes", "redis-nodes", "", groupLimits, "N", "processes that share the limits; 0 counts them in Redis", countKind},

	{"name", "name", "n", groupProcess, "NAME", "name in the process list; else forebay", textKind},
	{"user", "user", "u", groupProcess, "USER", "run the workers as this user", textKind},
	{"group", "group", "g", groupProcess, "GROUP", "run the workers as this group", textKind},
	{"umask", "umask", "m", groupProcess, "OCTAL", "permissions that new files do not get; -1 leaves it unchanged", octalKind},
	{"pid", "pid", "p", groupProcess, "FILE", "write the process id to FILE", fileKind},
	{"log_level", "log-level", "", groupProcess, "LEVEL", either(levels), levelKind},
	{"log_format", "log-format", "", groupProcess, "FORMAT", "forebay's own log on stderr: " + either(styleKind.choices), styleKind},
	{"log_rate", "log-rate", "", groupProcess, "N", "lines a second in it, further ones are counted; 0 is no limit", countKind},
	{"access_logfile", "access-logfile", "", groupProcess, "FILE", "the access log: a file, - is stdout, syslog: or syslog://HOST is syslog, empty is none", streamKind},
	// gunicorn has this name for the option and that for the key.
	{"access_log_format", "access-logformat", "", groupProcess, "FORMAT", formatNames, formatKind},
	{"access_log_buffer", "access-log-buffer", "", groupProcess, "SIZE", "lines that wait to be written, further ones are counted", sizeKind.from(leastLogBuffer)},
	{"access_log_exclude", "access-log-exclude", "", groupProcess, "PATH,...", "paths without a line, such as /healthz or /static/*, unless they fail or are slow", namesKind},
	{"access_log_sample", "access-log-sample", "", groupProcess, "PART", "part of the requests that have a line, such as 0.1; those that fail or are slow always have", partKind},
	{"access_log_slow", "access-log-slow", "", groupProcess, "TIME", "what is slow; 0 is nothing", durationKind},

	{"admin", "admin", "", groupAdmin, "ADDRESS", "HOST:PORT, [IPV6]:PORT or unix:PATH for operators: live page, metrics, reload; else none", listenKind},
	{"admin_token", "admin-token", "", groupAdmin, "TEXT", "what its clients have to know; better in the environment", tokenKind},
	{"admin_cert", "admin-cert", "", groupAdmin, "FILE", "its certificate with the chain, in PEM; else no TLS", fileKind},
	{"admin_key", "admin-key", "", groupAdmin, "FILE", "the key of that", fileKind},
	{"admin_client_ca", "admin-client-ca", "", groupAdmin, "FILE", "authorities, in PEM, that must have signed its clients' certificates", fileKind},
}

// Find is the setting with that key.
func Find(key string) (Setting, bool) {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return Settings[i], true
}

// Variable is the name of the setting in the environment.
func (s Setting) Variable() string { return variablePrefix + strings.ToUpper(s.Key) }

// Value is the setting's value in c, as text: the elements of a list are joined by commas.
func (s Setting) Value(c Config) string {
	return s.fieldText(s.field(&c))
}

// fieldText is a field's value as text.
func (s Setting) fieldText(field reflect.Value) string {
	if field.Kind() != reflect.Slice {
		return s.kind.format(field)
	}
	var texts []string
	for i := range field.Len() {
		texts = append(texts, s.kind.format(field.Index(i)))
	}
	return strings.Join(texts, ",")
}

// IsSwitch says whether the setting is on or off, and its option needs no value: --KEY turns it on and --no-KEY off.
func (s Setting) IsSwitch() bool { return s.kind.truth }

// Option is how the option is written with its value: --workers N, --[no-]preload.
func (s Setting) Option() string {
	switch {
	case s.Flag == "":
		return s.Metavar
	case s.IsSwitch():
		return "--[no-]" + s.Flag
	default:
		return "--" + s.Flag + " " + s.Metavar
	}
}

// Choices are the values that have a name. There are no others unless the setting is open.
func (s Setting) Choices() (names []string, open bool) { return s.kind.choices, s.kind.open }

// Place is what of the file system a value names.
func (s Setting) Place() Place { return s.kind.place }

// TakesCommas says whether one text may have several values, with commas between them.
func (s Setting) TakesCommas() bool { return s.kind.commas }

// IsList says whether the setting has any number of values.
func (s Setting) IsList() bool { return s.field(&Config{}).Kind() == reflect.Slice }

// set gives the setting its value in c. Of several texts for a setting that is no list, the last one counts.
func (s Setting) set(c *Config, texts []string, dir string) error {
	return s.setField(s.field(c), texts, dir)
}

// setField is set for the field itself.
func (s Setting) setField(field reflect.Value, texts []string, dir string) error {
	if field.Kind() != reflect.Slice {
		return s.parse(field, texts[len(texts)-1], dir)
	}
	list := reflect.MakeSlice(field.Type(), len(texts), len(texts))
	for i, text := range texts {
		if err := s.parse(list.Index(i), text, dir); err != nil {
			return err
		}
	}
	field.Set(list)
	return nil
}

// parse reads one text into a field or an element of a list.
func (s Setting) parse(into reflect.Value, text, dir string) error {
	value, err := s.kind.parse(text, dir)
	if err != nil {
		return err
	}
	into.Set(reflect.ValueOf(value).Convert(into.Type()))
	return nil
}

// split takes a text with several elements apart. Empty ones do not count, so an empty text is an empty list.
func (s Setting) split(text string) []string {
	var texts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			texts = append(texts, part)
		}
	}
	return texts
}

// field is the field of c whose tag is the setting's key.
func (s Setting) field(c *Config) reflect.Value {
	for _, part := range reflect.ValueOf(c).Elem().Fields() {
		if part.Kind() != reflect.Struct {
			continue // Paths and Limits are made of entries: see pathSettings and limitSettings
		}
		for info, field := range part.Fields() {
			if info.Tag.Get("key") == s.Key {
				return field
			}
		}
	}
	panic(fmt.Sprintf("no field of config.Config has the key %q", s.Key)) // a test compares the table with the struct
}
