package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeFile makes a file below dir, with the directories above it.
func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// mustRead reads sources that are in order.
func mustRead(t *testing.T, sources Sources) Reading {
	t.Helper()
	reading, err := Read(sources)
	require.NoError(t, err)
	return reading
}

// faultsOf reads sources that are not in order and returns each fault as the operator sees it.
func faultsOf(t *testing.T, sources Sources) []string {
	t.Helper()
	_, err := Read(sources)
	var faults Faults
	require.ErrorAs(t, err, &faults)
	var texts []string
	for _, fault := range faults {
		texts = append(texts, fault.Error())
	}
	return texts
}

func TestWithoutSourcesAllIsDefault(t *testing.T) {
	reading := mustRead(t, Sources{Dir: t.TempDir()})
	assert.Equal(t, Default(), reading.Config)
	assert.Empty(t, reading.Origins)
	assert.Empty(t, reading.File)
}

func TestLaterLayersBeatEarlierOnes(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", "workers = 1\nthreads = 10\ntimeout = 100\nbind = ['127.0.0.1:1', '127.0.0.1:2']\n")
	reading := mustRead(t, Sources{
		Dir:     dir,
		Environ: []string{"FOREBAY_THREADS=20", "FOREBAY_TIMEOUT=200", "FOREBAY_BIND=127.0.0.1:3, 127.0.0.1:4", "HOME=/"},
		Flags:   map[string][]string{"timeout": {"7", "300"}, "bind": {"127.0.0.1:5"}},
	})
	assert.Equal(t, 1, reading.Config.Workers.Processes)
	assert.Equal(t, 20, reading.Config.Workers.Threads)
	assert.Equal(t, 300*time.Second, reading.Config.Dispatch.Timeout)
	assert.Equal(t, []string{"127.0.0.1:5"}, reading.Config.Proxy.Bind, "a list is replaced, not added to")
	assert.Equal(t, "forebay.toml", reading.File)
	assert.Equal(t, map[string]Origin{
		"workers": {LayerFile, "forebay.toml", 1},
		"threads": {LayerEnvironment, "FOREBAY_THREADS", 0},
		"timeout": {LayerFlag, "--timeout", 0},
		"bind":    {LayerFlag, "--bind", 0},
	}, reading.Origins)
}

func TestEverySettingIsReadFromEveryLayer(t *testing.T) {
	dir := t.TempDir()
	texts := map[string]string{
		"app": "shop:app", "static": "/s/=" + dir, "chdir": dir, "pythonpath": "/lib", "env": "A=1", "python": "python3.12",
		"script_name": "/shop", "django": "true", "bind": "127.0.0.1:9", "backlog": "7", "max_connections": "7", "keep_alive": "7s",
		"forwarded_allow_ips": "10.0.0.0/8", "workers": "7", "threads": "7", "timeout": "7s", "graceful_timeout": "7s",
		"boot_timeout": "7s", "queue_size": "7", "queue_timeout": "7s", "head_timeout": "7s", "head_size": "64KiB",
		"limit_request_line": "7", "limit_request_fields": "7", "limit_request_field_size": "7", "body_timeout": "7s",
		"body_min_rate": "7KiB", "body_min_rate_after": "7s", "body_size": "7KiB", "body_memory": "7KiB", "response_memory": "7KiB", "response_spool": "7KiB", "send_timeout": "7s",
		"temp_dir": dir, "name": "shop", "user": "0", "group": "0", "umask": "027", "pid": dir + "/pid", "log_level": "warn",
		"access_logfile": dir + "/log", "log_format": "json", "log_rate": "7", "access_log_format": "$status $host", "access_log_exclude": "/healthz",
		"access_log_buffer": "512KiB", "access_log_sample": "0.1", "access_log_slow": "7s", "max_connections_per_address": "7", "keep_alive_requests": "7", "proxy_protocol_from": "unix",
		"send_min_rate": "7KiB", "send_min_rate_after": "7s", "spool_memory": "7KiB", "compress": "true", "compress_types": "text/html", "compress_min_size": "7KiB", "compress_streams": "7", "static_memory": "7KiB", "static_files": "7", "x_sendfile": dir, "x_accel_redirect": "/i/=" + dir,
		"retry": "never", "interrupt": "false", "max_requests": "7", "max_requests_jitter": "7", "max_rss": "7KiB", "max_rss_hard": "7KiB",
		"max_lifetime": "7s", "preload": "true", "native": "false", "hooks": dir + "/hooks.py", "reload": "true", "reload_extra_files": dir + "/*.html",
		"limit_keys": "7", "limit_delay": "7s", "limit_delayed": "7", "redis": "redis://localhost:7/7", "redis_prefix": "{shop}", "redis_timeout": "7ms",
		"redis_retry": "7s", "redis_connections": "7", "redis_batch": "7", "redis_queue": "7", "redis_nodes": "7",
		"request_id_header": "X-Correlation-ID", "server_timing": "true", "from_gunicorn": dir + "/hooks.py",
		"admin": "127.0.0.1:9", "admin_token": strings.Repeat("x", leastToken), "admin_cert": dir + "/hooks.py", "admin_key": dir + "/hooks.py",
		"admin_client_ca": dir + "/hooks.py",
	}
	writeFile(t, dir, "hooks.py", "")
	for _, setting := range Settings {
		text, known := texts[setting.Key]
		require.True(t, known, "no text for %s: add it here", setting.Key)
		writeFile(t, dir, setting.Key+".toml", setting.Key+" = '"+text+"'\n")
		if prefix, path, found := strings.Cut(text, "="); found && setting.kind.mapping {
			writeFile(t, dir, setting.Key+".toml", "["+setting.Key+"]\n'"+prefix+"' = '"+path+"'\n")
		}
		for _, sources := range []Sources{
			{Dir: dir, File: setting.Key + ".toml"},
			{Dir: dir, Environ: []string{setting.Variable() + "=" + text}},
			{Dir: dir, Flags: map[string][]string{setting.Key: {text}}},
		} {
			reading := mustRead(t, sources)
			assert.Equal(t, text, setting.Value(reading.Config), setting.Key)
			assert.Len(t, reading.Origins, 1)
			assert.Contains(t, reading.Origins, setting.Key)
		}
	}
}

func TestCommasPartElements(t *testing.T) {
	read := func(environ string, key string, flags ...string) Config {
		sources := Sources{Dir: "/", Environ: []string{environ}}
		if len(flags) > 0 {
			sources.Flags = map[string][]string{key: flags}
		}
		return mustRead(t, sources).Config
	}
	assert.Equal(t, []string{"10.0.0.1", "unix"}, read("", "forwarded_allow_ips", "10.0.0.1,unix").Proxy.ForwardedAllowIPs)
	assert.Equal(t, []string{"/a", "/b", "/c"}, read("", "pythonpath", "/a,/b", "/c").App.PythonPath)
	assert.Equal(t, []string{"A=1,2"}, read("", "env", "A=1,2").App.Env, "a variable's value may hold a comma")
	assert.Equal(t, []string{"A=1", "B=2"}, read("FOREBAY_ENV=A=1,B=2", "").App.Env)
	assert.Empty(t, read("FOREBAY_FORWARDED_ALLOW_IPS=", "").Proxy.ForwardedAllowIPs)
}

func TestRelativePaths(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "etc/forebay.toml", "pid = 'file.pid'\nchdir = '../shop'\n[static]\n'/f/' = 'public'\n")
	writeFile(t, dir, "shop/forebay.toml", "temp_dir = 'tmp'\n")
	for _, name := range []string{"etc/public/x", "shop/public/x", "shop/tmp/x", "public/x"} {
		writeFile(t, dir, name, "")
	}
	cases := map[string]struct {
		sources Sources
		key     string
		want    string
	}{
		"in a file, from its directory":       {Sources{File: "etc/forebay.toml"}, "pid", "etc/file.pid"},
		"chdir in a file, from its directory": {Sources{File: "etc/forebay.toml"}, "chdir", "shop"},
		"in a flag, from here":                {Sources{Flags: map[string][]string{"pid": {"x.pid"}}}, "pid", "x.pid"},
		"in a flag, from chdir": {
			Sources{Flags: map[string][]string{"pid": {"x.pid"}, "chdir": {"shop"}}}, "pid", "shop/x.pid",
		},
		"in a flag, chdir in a file moves nothing": {
			Sources{File: "etc/forebay.toml", Flags: map[string][]string{"pid": {"x.pid"}}}, "pid", "x.pid",
		},
		"in the environment, from its chdir": {
			Sources{Environ: []string{"FOREBAY_PID=x.pid", "FOREBAY_CHDIR=shop"}}, "pid", "shop/x.pid",
		},
		"chdir itself, from here":      {Sources{Flags: map[string][]string{"chdir": {"shop"}}}, "chdir", "shop"},
		"a file found in chdir":        {Sources{Flags: map[string][]string{"chdir": {"shop"}}}, "temp_dir", "shop/tmp"},
		"an empty chdir means nothing": {Sources{Environ: []string{"FOREBAY_CHDIR=", "FOREBAY_PID=x.pid"}}, "pid", "x.pid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.sources.Dir = dir
			setting, _ := Find(c.key)
			assert.Equal(t, filepath.Join(dir, c.want), setting.Value(mustRead(t, c.sources).Config))
		})
	}
}

func TestAllFaultsOfAllLayersAreReportedAtOnce(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", `threads = 0
wrokers = 2
timeout = "soon"
worker_class = "gevent"

bind = ["127.0.0.1:http"]
`)
	assert.Equal(t, []string{
		"forebay.toml:1: threads: want 1 or more, not 0",
		"forebay.toml:2: wrokers: unknown key: did you mean workers?",
		`forebay.toml:3: timeout: want a duration such as "30s", "1m30s" or a number of seconds, not "soon"`,
		"forebay.toml:4: worker_class: unknown key: not needed: there is one kind of worker: each runs --threads threads",
		`forebay.toml:6: bind: want a port from 0 to 65535, not "http"`,
		"FOREBAY_QUEUE_SIEZ: unknown variable: did you mean FOREBAY_QUEUE_SIZE?",
		`workers (FOREBAY_WORKERS): want a whole number, not "many"`,
		"body_size (--body-size): want 0 or more, not -1",
		`user (--user): there is no user "nobody-of-that-name"`,
	}, faultsOf(t, Sources{
		Dir:     dir,
		Environ: []string{"FOREBAY_WORKERS=many", "FOREBAY_QUEUE_SIEZ=1"},
		Flags:   map[string][]string{"body_size": {"-1"}, "user": {"nobody-of-that-name"}},
	}))
}

func TestAPairThatDoesNotGoTogetherPointsAtWhatWasGiven(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", "\nhead_size = 4096\nlimit_request_field_size = 100\n")
	assert.Equal(t, []string{
		"forebay.toml:2: limit_request_line: want at most head_size (4096), not 8190",
	}, faultsOf(t, Sources{Dir: dir}))
	assert.Equal(t, []string{
		"limit_request_line (--limit-request-line): want at most head_size (32768), not 65536",
	}, faultsOf(t, Sources{Dir: "/", Flags: map[string][]string{"limit_request_line": {"64k"}}}))
}

func TestVariablesOfAClusterAreNobodysSettings(t *testing.T) {
	reading := mustRead(t, Sources{Dir: t.TempDir(), Environ: []string{
		"FOREBAY_PORT=tcp://10.0.0.1:80", "FOREBAY_SERVICE_HOST=10.0.0.1", "FOREBAY_SERVICE_PORT=80", "FOREBAY_SERVICE_PORT_HTTP=80",
		"FOREBAY_PORT_80_TCP=tcp://10.0.0.1:80", "FOREBAY_PORT_80_TCP_ADDR=10.0.0.1", "FOREBAY_WEB_SERVICE_HOST=10.0.0.1",
	}})
	assert.Equal(t, Default(), reading.Config)
}

func TestVariablesAreExact(t *testing.T) {
	cases := map[string]struct{ pair, want string }{
		"lower case":       {"FOREBAY_workers=1", "FOREBAY_workers: unknown variable: did you mean FOREBAY_WORKERS?"},
		"gunicorn's":       {"FOREBAY_PRELOAD_APP=1", "FOREBAY_PRELOAD_APP: unknown variable: it is called preload here"},
		"nothing near":     {"FOREBAY_QQQQQQ=1", "FOREBAY_QQQQQQ: unknown variable"},
		"the prefix alone": {"FOREBAY_=1", "FOREBAY_: unknown variable"},
		"empty number":     {"FOREBAY_WORKERS=", `workers (FOREBAY_WORKERS): want a whole number, not ""`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{c.want}, faultsOf(t, Sources{Dir: t.TempDir(), Environ: []string{c.pair}}))
		})
	}
}
