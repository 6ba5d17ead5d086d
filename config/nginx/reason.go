package nginx

import (
	"strings"
	"sync"
)

// reason is why a directive is not taken over.
type reason struct {
	group group
	text  string
}

// reasonTable has those of directives that mean the same wherever they stand.
var reasonTable = []namedReason{
	{reason{groupOwn, "forebay takes what there is: connections are many and cost little, and Python has the CPUs"}, `worker_processes worker_cpu_affinity worker_priority
		worker_rlimit_nofile worker_rlimit_core worker_shutdown_timeout worker_connections events use multi_accept accept_mutex accept_mutex_delay thread_pool
		daemon master_process pcre_jit timer_resolution lock_file working_directory worker_aio_requests ssl_engine env debug_points`},
	{reason{groupOwn, "files are sent by sendfile, and packets are filled"}, `sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio aio_write directio directio_alignment
		output_buffers postpone_output read_ahead send_lowat`},
	{reason{groupOwn, "media types are known; a [[static]] may say others (types)"}, `types default_type types_hash_bucket_size charset charset_types
		override_charset source_charset`},
	{reason{groupOwn, "small files are kept in memory and others open, and a change is seen within a second (static_memory, static_files)"}, `open_file_cache
		open_file_cache_valid open_file_cache_min_uses open_file_cache_errors open_log_file_cache`},
	{reason{groupOwn, "tables and buffers are as large as they have to be"}, `types_hash_max_size server_names_hash_bucket_size server_names_hash_max_size variables_hash_max_size
		variables_hash_bucket_size map_hash_max_size map_hash_bucket_size proxy_headers_hash_max_size proxy_headers_hash_bucket_size client_header_buffer_size
		connection_pool_size request_pool_size subrequest_output_buffer_size client_body_in_file_only client_body_in_single_buffer limit_req_log_level limit_conn_log_level`},
	{reason{groupOwn, "a response waits in memory, then in a file, and leaves as fast as its client reads; what is there is sent at once (response_memory, response_spool)"}, `
		proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_temp_file_write_size proxy_max_temp_file_size proxy_temp_path proxy_force_ranges
		uwsgi_buffering uwsgi_buffers uwsgi_buffer_size uwsgi_busy_buffers_size uwsgi_max_temp_file_size uwsgi_temp_file_write_size uwsgi_temp_path x_accel_buffering`},
	{reason{groupOwn, "there is no connection between forebay and the application that could be slow or fail"}, `proxy_http_version proxy_socket_keepalive proxy_redirect
		proxy_connect_timeout proxy_send_timeout proxy_bind proxy_send_lowat uwsgi_connect_timeout uwsgi_send_timeout uwsgi_param uwsgi_params uwsgi_modifier1
		uwsgi_modifier2 uwsgi_pass_request_headers uwsgi_pass_request_body proxy_pass_request_headers proxy_pass_request_body proxy_method proxy_ssl_verify
		proxy_ssl_server_name proxy_ssl_name proxy_ssl_protocols proxy_ssl_session_reuse proxy_ssl_trusted_certificate proxy_limit_rate keepalive zone`},
	{reason{groupOwn, "a request reaches the application when all of it is here, and not before"}, "proxy_request_buffering uwsgi_request_buffering"},
	{reason{groupOwn, "when a client leaves, what runs for it ends by itself, and what waits is never run"}, "proxy_ignore_client_abort uwsgi_ignore_client_abort"},
	{reason{groupOwn, "a request that was not begun is run again when its worker dies, and one that may be is, too (retry)"}, "proxy_next_upstream proxy_next_upstream_tries proxy_next_upstream_timeout uwsgi_next_upstream"},
	{reason{groupOwn, "a response with files that are compressed already, and with a Vary, is what there always is"}, `gzip_static gunzip gzip_vary gzip_proxied gzip_comp_level
		gzip_buffers gzip_http_version gzip_disable gzip_window gzip_hash brotli_static brotli_comp_level brotli_window brotli_buffers zstd_static zstd_comp_level
		gzip_types gzip_min_length brotli_types brotli_min_length gunzip_buffers`},
	{reason{groupOwn, "files have ETags and dates, and answer conditions and ranges"}, "etag if_modified_since max_ranges"},
	{reason{groupOwn, "forebay does not tell what it is"}, "server_tokens"},
	{reason{groupOwn, "field names with _ are dropped and malformed ones refused, always"}, "ignore_invalid_headers underscores_in_headers"},
	{reason{groupOwn, "the application sees the path as the client has sent it, decoded"}, "merge_slashes"},
	{reason{groupOwn, "connections are closed in good order"}, `lingering_close lingering_time lingering_timeout reset_timedout_connection keepalive_disable keepalive_time
		keepalive_min_timeout msie_padding msie_refresh`},
	{reason{groupOwn, "a request for a file that is not there has its line in the access log, and no other"}, "log_not_found log_subrequest"},
	{reason{groupOwn, "names are not looked up"}, "resolver resolver_timeout"},
	{reason{groupOwn, "symbolic links that lead out of a directory are never followed"}, "disable_symlinks"},
	{reason{groupOwn, "X-Accel-Redirect counts below what x_accel_redirect names, and X-Sendfile likewise"}, "proxy_ignore_headers uwsgi_ignore_headers"},
	{reason{groupOwn, "a directory is told apart from a file, and the slash that is missing is asked for"}, "absolute_redirect server_name_in_redirect port_in_redirect"},
	{reason{groupOwn, "index.html stands for a directory, unless a [[static]] says otherwise"}, "index"},
	{reason{groupOwn, "no [[static]] needs it"}, "root alias try_files expires autoindex"},
	{reason{groupOwn, "lists of files are made as pages, and as JSON for who asks for it"}, "autoindex_exact_size autoindex_format autoindex_localtime"},
	{reason{groupOwn, "a broken client is bounded by head_timeout, body_timeout and send_timeout"}, "chunked_transfer_encoding"},
	{reason{groupOwn, "the limit of that name needs no table of its size (limit_keys)"}, "limit_req_zone limit_conn_zone"},
	{reason{groupOwn, "each limit says for itself how it refuses, and there is none from here"}, "limit_req_status limit_conn_status limit_req_dry_run limit_conn_dry_run"},
	{reason{groupOwn, "proxies are named in forwarded_allow_ips"}, "set_real_ip_from real_ip_header real_ip_recursive"},

	{reason{groupNeeded, "the application looks at hosts (ALLOWED_HOSTS of Django)"}, "server_name"},
	{reason{groupNeeded, "nginx's own process ran as this; forebay's workers run as user and group say, or as whoever starts it"}, "user"},
	{reason{groupNeeded, "forebay writes its own where pid says"}, "pid"},
	{reason{groupNeeded, "forebay's own log goes to stderr, and a service manager keeps it (log_level)"}, "error_log debug_connection rewrite_log"},
	{reason{groupNeeded, "its lines are for another server, or for none"}, "log_format access_log"},
	{reason{groupNeeded, "the system's own directory for temporary files counts, or temp_dir"}, "client_body_temp_path"},
	{reason{groupNeeded, "it is for another server"}, "upstream"},

	{reason{groupGrave, "TLS is not available in this version: end it in front of forebay"}, "ssl ssl_reject_handshake"},
	{reason{groupGrave, "forebay asks nobody who he is: the application must, or another server in front of it"}, `auth_basic auth_request auth_jwt satisfy secure_link
		secure_link_secret secure_link_md5 valid_referers limit_except ssl_verify_client auth_delay`},
	{reason{groupGrave, "addresses are refused by a [[limit]], and this list has no form there"}, "allow deny"},
	{reason{groupGrave, "requests are limited by a [[limit]], and this has no form there"}, "limit_req limit_conn"},

	{reason{groupGone, "it belongs to what is said of auth_basic and auth_request"}, "auth_basic_user_file auth_request_set auth_jwt_key_file"},
	{reason{groupGone, "HTTP/2 and HTTP/3 are not available in this version"}, "http2 http3 http3_hq http3_max_concurrent_streams quic_retry quic_gso quic_bpf http2_max_concurrent_streams http2_push http2_push_preload http2_chunk_size http2_body_preread_size"},
	{reason{groupGone, "answers of the application are not kept: let it, or a network in front of forebay"}, `proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key
		proxy_cache_bypass proxy_cache_methods proxy_cache_lock proxy_cache_lock_age proxy_cache_lock_timeout proxy_cache_min_uses proxy_cache_revalidate
		proxy_cache_use_stale proxy_cache_background_update proxy_no_cache uwsgi_cache uwsgi_cache_path uwsgi_cache_valid uwsgi_cache_key proxy_store`},
	{reason{groupGrave, "what a request asks for is not changed on its way: the application, and the mappings, see the path as the client has sent it"}, "rewrite"},
	{reason{groupGone, "what a request asks for is not changed on its way: the application can answer so"}, `return if set map geo split_clients break geoip_country
		geoip_city geoip2 set_by_lua_block rewrite_by_lua_block uninitialized_variable_warn`},
	{reason{groupGone, "errors have forebay's own pages, or those of the application; a [[static]] may name one for 404 (not_found)"}, "error_page proxy_intercept_errors uwsgi_intercept_errors recursive_error_pages fastcgi_intercept_errors"},
	{reason{groupGone, "fields of the application's answers go out as it sets them"}, `add_header proxy_hide_header proxy_pass_header proxy_cookie_path proxy_cookie_domain proxy_cookie_flags
		more_set_headers more_clear_headers add_trailer uwsgi_hide_header uwsgi_pass_header`},
	{reason{groupGone, "the speed of answers is not bounded"}, "limit_rate limit_rate_after"},
	{reason{groupGone, "what is sent is not changed"}, `sub_filter sub_filter_once sub_filter_types ssi ssi_types addition_types add_before_body add_after_body image_filter xslt_stylesheet
		mirror slice userid`},
	{reason{groupGone, "forebay speaks HTTP, and nothing else"}, "stream mail"},
	{reason{groupGone, "nginx's modules are not for forebay"}, "load_module js_import js_set perl_modules perl_require lua_package_path init_by_lua_block"},
}

// namedReason is the reason for all directives with these names.
type namedReason struct {
	reason
	names string
}

// reasons are those of the table by their names, each of which stands in it once. They are only made where they are needed.
var reasons = sync.OnceValue(func() map[string]reason {
	reasons := map[string]reason{}
	for _, r := range reasonTable {
		for name := range strings.FieldsSeq(r.names) {
			reasons[name] = r.reason
		}
	}
	return reasons
})

// usualFields are what proxies tell an application, and what forebay tells it instead.
var usualFields = map[string]string{
	"host":               "the application has the client's own Host",
	"x-real-ip":          "REMOTE_ADDR is the client's address",
	"x-forwarded-for":    "REMOTE_ADDR is the client's address",
	"x-forwarded-proto":  "wsgi.url_scheme is what the client used, or what a proxy in forwarded_allow_ips says",
	"x-forwarded-ssl":    "wsgi.url_scheme is what the client used, or what a proxy in forwarded_allow_ips says",
	"x-forwarded-host":   "the application has the client's own Host",
	"x-forwarded-server": "the application has the client's own Host",
	"x-forwarded-port":   "SERVER_PORT is the one that the client asked",
	"x-forwarded-prefix": "script_name says where the application is mounted",
	"x-request-id":       "each request has an id in this field (request_id_header)",
	"x-request-start":    "the time in the queue is measured (server_timing, metrics)",
	"x-queue-start":      "the time in the queue is measured (server_timing, metrics)",
	"connection":         "forebay's connections are its own affair",
	"upgrade":            "WSGI has no WebSockets",
	"accept-encoding":    "compress says whether responses are compressed",
	"proxy":              "this field never reaches the application",
	"early-data":         "TLS is not available in this version",
}

// reasonFor is why a directive is not taken over that nothing else was said about.
func reasonFor(d *directive) reason {
	switch name := d.Directive; {
	case name == "proxy_set_header" || name == "uwsgi_param":
		return fieldReason(d)
	case strings.HasPrefix(name, "ssl_") || strings.HasPrefix(name, "quic_"):
		if r, known := reasons()[name]; known {
			return r
		}
		return reason{groupNeeded, "it belongs to TLS, which is not available in this version: it is for what ends that in front of forebay"}
	case strings.HasPrefix(name, "proxy_cache"):
		return reasons()["proxy_cache"]
	case strings.HasPrefix(name, "fastcgi_") || strings.HasPrefix(name, "grpc_") || strings.HasPrefix(name, "scgi_") || strings.HasPrefix(name, "memcached_"):
		return reason{groupGone, "another program is asked so, and forebay passes requests on to Python only"}
	default:
		if r, known := reasons()[name]; known {
			return r
		}
	}
	return reason{groupGone, "forebay knows nothing like it"}
}

// fieldReason is about a field that the application was told. What nginx set there no client could.
func fieldReason(d *directive) reason {
	if d.Directive == "uwsgi_param" {
		return reason{groupOwn, "forebay makes the environ"}
	}
	name := strings.ToLower(arg(d, 0))
	why, known := usualFields[name]
	switch {
	case name == "host" && !strings.Contains(arg(d, 1), "$"):
		return reason{groupGrave, "the application was told this host, and has the client's own now"}
	case known:
		return reason{groupOwn, why}
	}
	return reason{groupGrave, "nobody sets this field now, or takes it away: it is what a client sends, if anything"}
}
