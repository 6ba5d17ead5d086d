package config

import "strings"

const (
	notYet    = "not available in this version"
	noTLS     = "TLS is " + notYet
	hooksFile = "it is a function in the file that --hooks names"
	noHook    = "this server hook is " + notYet + "; those in the file of --hooks are post_fork, when_ready and worker_exit"
	noMetrics = "metrics are for Prometheus, at /metrics of the listener that --admin opens"
	oneLog    = "forebay's own log goes to stderr, and a service manager keeps it; --log-level sets how much"
	toSyslog  = "the access log goes there with --access-logfile syslog: or syslog://HOST?facility=local7&tag=NAME; forebay's own log goes to stderr"
	oneParser = "there is one HTTP parser, and it is always strict"
	oneKind   = "there is one kind of worker: each runs --threads threads"
	wsgiOnly  = "forebay runs WSGI applications only"
	httpOnly  = "listeners speak HTTP/1.1 only"
	noDirty   = "a second kind of worker is " + notYet

	adminInstead = "who operates the server asks the listener that --admin opens; there is none unless it is asked for"
)

// gunicorn is what to do instead of its settings and options that forebay has not, or has under another name. The keys
// are gunicorn's names with "_"; those of options with one letter are that letter.
var gunicorn = map[string]string{
	"worker_class":       "not needed: " + oneKind,
	"k":                  "not needed: " + oneKind,
	"worker_connections": "not needed: idle clients take no thread; --max-connections bounds them",
	"worker_tmp_dir":     "not needed: workers have no heartbeat file",
	"http_parser":        "not needed: " + oneParser,

	"reload_engine":  "not needed: --reload finds out how changes are seen",
	"proxy_protocol": "name those who send the header: --proxy-protocol-from 10.0.0.0/8",
	"reuse_port":     notYet,
	"spew":           notYet,
	"paste":          notYet + ": name a module that holds the application",
	"paste_global":   notYet + ": name a module that holds the application",

	"raw_paste_global_conf": notYet + ": name a module that holds the application",
	"default_proc_name":     "not needed: the process list has the name of --name, and else forebay",
	"paster":                notYet + ": name a module that holds the application",
	"initgroups":            notYet,

	"daemon": "forebay stays in the foreground: a service manager such as systemd puts it in the background",
	"D":      "forebay stays in the foreground: a service manager such as systemd puts it in the background",

	"check_config": "the command for it is: forebay check",
	"print_config": "the command for it is: forebay check --print",

	"sendfile":                 "not needed: files are always sent by sendfile where that is possible",
	"no_sendfile":              "not needed: files are always sent by sendfile where that is possible",
	"capture_output":           "not needed: what the application prints is always logged",
	"enable_stdio_inheritance": "not needed: what the application prints is always logged",
	"R":                        "not needed: what the application prints is always logged",

	"error_logfile": oneLog, "log_file": oneLog, "errorlog": oneLog, "log_config": oneLog, "logconfig": oneLog,
	"log_config_json": oneLog, "logconfig_json": oneLog, "logconfig_dict": oneLog, "logger_class": oneLog,
	"log_syslog": toSyslog, "syslog": toSyslog, "log_syslog_to": toSyslog, "syslog_addr": toSyslog,
	"log_syslog_prefix": toSyslog, "syslog_prefix": toSyslog, "log_syslog_facility": toSyslog, "syslog_facility": toSyslog,
	"disable_redirect_access_to_syslog": oneLog,
	"statsd_host":                       noMetrics, "statsd_prefix": noMetrics, "dogstatsd_tags": noMetrics, "enable_backlog_metric": noMetrics,

	"certfile": noTLS, "keyfile": noTLS, "ca_certs": noTLS, "cert_reqs": noTLS, "ciphers": noTLS, "ssl_version": noTLS,
	"ssl_context": noTLS, "do_handshake_on_connect": noTLS, "suppress_ragged_eofs": noTLS,

	"permit_obsolete_folding": oneParser, "strip_header_spaces": oneParser, "casefold_http_method": oneParser,
	"permit_unconventional_http_method": oneParser, "permit_unconventional_http_version": oneParser,
	"header_map": oneParser, "forwarder_headers": oneParser,
	"secure_scheme_headers": "not needed: of those in forwarded_allow_ips X-Forwarded-Proto and Forwarded are read",

	"asgi_loop": wsgiOnly, "asgi_lifespan": wsgiOnly, "asgi_disconnect_grace_period": wsgiOnly,
	"websocket_max_message_size": wsgiOnly,

	"protocol": httpOnly, "http_protocols": httpOnly, "uwsgi_allow_ips": httpOnly, "uwsgi_allow_from": httpOnly,
	"http2_cleartext": httpOnly, "http2_initial_window_size": httpOnly, "http2_max_concurrent_streams": httpOnly,
	"http2_max_frame_size": httpOnly, "http2_max_header_list_size": httpOnly,

	"control_socket": adminInstead, "control_socket_mode": adminInstead, "control_socket_disable": adminInstead, "no_control_socket": adminInstead,

	"dirty_apps": noDirty, "dirty_app": noDirty, "dirty_workers": noDirty, "dirty_threads": noDirty, "dirty_timeout": noDirty,
	"dirty_graceful_timeout": noDirty, "dirty_post_fork": noDirty, "dirty_worker_init": noDirty, "dirty_worker_exit": noDirty,
	"on_dirty_starting": noDirty,

	"post_fork": hooksFile, "when_ready": hooksFile, "worker_exit": hooksFile,
	"on_starting": noHook, "on_reload": noHook, "pre_fork": noHook, "post_worker_init": noHook, "worker_int": noHook,
	"worker_abort": noHook, "pre_exec": noHook, "pre_request": noHook, "post_request": noHook, "child_exit": noHook,
	"nworkers_changed": noHook, "on_exit": noHook,
}

// gunicornSame are the settings that have gunicorn's name and meaning.
var gunicornSame = []string{
	"bind", "backlog", "workers", "threads", "timeout", "graceful_timeout", "max_requests", "max_requests_jitter", "reload",
	"reload_extra_files", "chdir", "pythonpath", "user", "group", "umask", "access_log_format", "forwarded_allow_ips",
	"limit_request_line", "limit_request_fields", "limit_request_field_size",
}

// gunicornRenamed are those that have another name here.
var gunicornRenamed = map[string]string{
	"wsgi_app": "app", "keepalive": "keep_alive", "raw_env": "env", "pidfile": "pid", "accesslog": "access_logfile",
	"access_logformat": "access_log_format", "loglevel": "log_level", "proc_name": "name", "preload_app": "preload",
	"proxy_allow_from": "proxy_protocol_from", "proxy_allow_ips": "proxy_protocol_from", "root_path": "script_name",
	"tmp_upload_dir": "temp_dir",
}

// Advice says what to do instead of a setting or option of gunicorn that forebay does not know. It takes names with "-"
// and with "_". It also knows what stands in files only, and is empty for all others.
func Advice(name string) string {
	switch name {
	case pathKey:
		return "settings of a path prefix stand in a file, below [[path]]"
	case limitKey:
		return "rate limits stand in a file, below [[limit]]"
	}
	name = strings.ReplaceAll(name, "-", "_")
	if key, renamed := gunicornRenamed[name]; renamed {
		return "it is called " + key + " here"
	}
	return gunicorn[name]
}
