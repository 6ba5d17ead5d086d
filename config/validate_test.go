package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDefaultsAreInOrder(t *testing.T) {
	assert.NoError(t, Default().Validate())
}

func TestValidateRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	cases := map[string]struct {
		change func(*Config)
		want   string
	}{
		"negative workers":       {func(c *Config) { c.Workers.Processes = -1 }, "workers: want 0 or more, not -1"},
		"no thread":              {func(c *Config) { c.Workers.Threads = 0 }, "threads: want 1 or more, not 0"},
		"no queue":               {func(c *Config) { c.Dispatch.QueueSize = 0 }, "queue_size: want 1 or more, not 0"},
		"negative timeout":       {func(c *Config) { c.Dispatch.Timeout = -time.Second }, "timeout: want 0s or more, not -1s"},
		"no time for a head":     {func(c *Config) { c.Proxy.HeadTimeout = 0 }, "head_timeout: want 1ms or more, not 0s"},
		"no time for a speed":    {func(c *Config) { c.Proxy.SendMinRateAfter = 0 }, "send_min_rate_after: want 1s or more, not 0s"},
		"no time to boot":        {func(c *Config) { c.Workers.BootTimeout = 0 }, "boot_timeout: want 1ms or more, not 0s"},
		"no backlog":             {func(c *Config) { c.Proxy.Backlog = 0 }, "backlog: want 1 or more, not 0"},
		"no fields":              {func(c *Config) { c.Proxy.LimitRequestFields = 0 }, "limit_request_fields: want 1 or more, not 0"},
		"negative body":          {func(c *Config) { c.Proxy.BodySize = -1 }, "body_size: want 0 or more, not -1"},
		"fields over the head":   {func(c *Config) { c.Proxy.LimitRequestFieldSize = 40000 }, "limit_request_field_size: want at most head_size (32768), not 40000"},
		"no address":             {func(c *Config) { c.Proxy.Bind = nil }, "bind: want at least one address"},
		"an address twice":       {func(c *Config) { c.Proxy.Bind = []string{":80", ":080"} }, "bind: want :80 once"},
		"umask too high":         {func(c *Config) { c.Process.Umask = 0o1000 }, "umask: want an octal number from 0 to 777, not 1000"},
		"umask too low":          {func(c *Config) { c.Process.Umask = -2 }, "umask: want -1 or more, not -2"},
		"unknown group":          {func(c *Config) { c.Process.Group = "no-such-group" }, `group: there is no group "no-such-group"`},
		"the user unchanged":     {func(c *Config) { c.Process.User = "4294967295" }, `user: there is no user "4294967295"`},
		"pid nowhere":            {func(c *Config) { c.Process.PIDFile = dir + "/none/pid" }, "pid: " + dir + "/none: there is no such directory"},
		"pid a directory":        {func(c *Config) { c.Process.PIDFile = dir }, "pid: " + dir + ": want a file, not a directory"},
		"access log nowhere":     {func(c *Config) { c.Log.Access = dir + "/none/log" }, "access_logfile: " + dir + "/none: there is no such directory"},
		"unknown log format":     {func(c *Config) { c.Log.Format = "xml" }, `log_format: want auto, text or json, not "xml"`},
		"unknown placeholder":    {func(c *Config) { c.Log.AccessFormat = "$stat" }, "access_log_format: unknown variable $stat: did you mean $status?"},
		"no syslog":              {func(c *Config) { c.Log.Access = "syslog:?x" }, `access_logfile: want facility or tag after the question mark, not "x"`},
		"excluded without slash": {func(c *Config) { c.Log.AccessExclude = []string{"healthz"} }, `access_log_exclude: want a path that begins with a slash, such as "/login" or "/api/*/export", not "healthz"`},
		"more than all":          {func(c *Config) { c.Log.AccessSample = 1.5 }, `access_log_sample: want a number from 0 to 1, not "1.5"`},
		"negative log rate":      {func(c *Config) { c.Log.Rate = -1 }, "log_rate: want 0 or more, not -1"},
		"unknown level":          {func(c *Config) { c.Log.Level = "" }, `log_level: want debug, info, warn or error, not ""`},
		"chdir to a file":        {func(c *Config) { c.App.Chdir = file }, "chdir: " + file + ": want a directory"},
		"chdir below a file":     {func(c *Config) { c.App.Chdir = file + "/x" }, "chdir: " + file + "/x: not a directory"},
		"temp_dir nowhere":       {func(c *Config) { c.Proxy.TempDir = dir + "/none" }, "temp_dir: " + dir + "/none: there is no such directory"},
		"env without a value":    {func(c *Config) { c.App.Env = []string{"DEBUG"} }, `env: want KEY=VALUE, not "DEBUG"`},
		"env without a key":      {func(c *Config) { c.App.Env = []string{"=1"} }, `env: want KEY=VALUE, not "=1"`},
		"mounted without slash":  {func(c *Config) { c.App.ScriptName = "shop" }, `script_name: want a path that begins with a slash and does not end with one, not "shop"`},
		"mounted at the root":    {func(c *Config) { c.App.ScriptName = "/" }, `script_name: want a path that begins with a slash and does not end with one, not "/"`},
		"no such peers":          {func(c *Config) { c.Proxy.ForwardedAllowIPs = []string{"proxy.local"} }, `forwarded_allow_ips: want an IP address, a network such as 10.0.0.0/8, "*" or "unix", not "proxy.local"`},
		"network too narrow":     {func(c *Config) { c.Proxy.ForwardedAllowIPs = []string{"10.0.0.0/33"} }, `forwarded_allow_ips: want an IP address, a network such as 10.0.0.0/8, "*" or "unix", not "10.0.0.0/33"`},
		"prefix without slashes": {func(c *Config) { c.Proxy.Static = []Static{NewStatic("static", dir)} }, `static: want a prefix that begins and ends with a slash, not "static"`},
		"a prefix twice":         {func(c *Config) { c.Proxy.Static = []Static{NewStatic("/s/", dir), NewStatic("/s/", dir)} }, `static: want the prefix "/s/" once`},
		"no static directory":    {func(c *Config) { c.Proxy.Static = []Static{NewStatic("/s/", "")} }, `static: want a directory for the prefix "/s/"`},
		"static from a file":     {func(c *Config) { c.Proxy.Static = []Static{NewStatic("/s/", file)} }, "static: " + file + ": want a directory"},
		"no such senders":        {func(c *Config) { c.Proxy.ProxyProtocolFrom = []string{"lb"} }, `proxy_protocol_from: want an IP address, a network such as 10.0.0.0/8, "*" or "unix", not "lb"`},
		"files from nowhere":     {func(c *Config) { c.Proxy.XSendfile = []string{dir, dir + "/none"} }, "x_sendfile: " + dir + "/none: there is no such directory"},
		"an internal mapping":    {func(c *Config) { c.Proxy.XAccelRedirect = []Internal{{"/i", dir}} }, `x_accel_redirect: want a prefix that begins and ends with a slash, not "/i"`},
		"internal, twice":        {func(c *Config) { c.Proxy.XAccelRedirect = []Internal{{"/i/", dir}, {"/i/", dir}} }, `x_accel_redirect: want the prefix "/i/" once`},
		"unknown retry":          {func(c *Config) { c.Dispatch.Retry = "" }, `retry: want idempotent, never or always, not ""`},
		"hard below soft":        {func(c *Config) { c.Workers.MaxRSS, c.Workers.MaxRSSHard = 2<<30, 1<<30 }, "max_rss_hard: want max_rss (2GiB) or more, or 0, not 1GiB"},
		"negative lifetime":      {func(c *Config) { c.Workers.MaxLifetime = -1 }, "max_lifetime: want 0s or more, not -1ns"},
		"no hooks":               {func(c *Config) { c.Workers.Hooks = file + ".py" }, "hooks: " + file + ".py: there is no such file"},
		"hooks a directory":      {func(c *Config) { c.Workers.Hooks = dir }, "hooks: " + dir + ": want a file, not a directory"},
		"hooks below a file":     {func(c *Config) { c.Workers.Hooks = file + "/x" }, "hooks: " + file + "/x: not a directory"},
		"a broken pattern":       {func(c *Config) { c.Workers.ReloadExtraFiles = []string{"/a/[b"} }, `reload_extra_files: want a pattern such as "templates/*.html", not "/a/[b"`},
		"no field for ids":       {func(c *Config) { c.Proxy.RequestIDHeader = "X Request" }, `request_id_header: want the name of a field, such as X-Request-ID, not "X Request"`},
		"an underscore in it":    {func(c *Config) { c.Proxy.RequestIDHeader = "X_Request" }, `request_id_header: want the name of a field, such as X-Request-ID, not "X_Request"`},
		"another field for ids":  {func(c *Config) { c.Proxy.RequestIDHeader = "content-Length" }, `request_id_header: content-Length says something else`},
		"one of a request":       {func(c *Config) { c.Proxy.RequestIDHeader = "Cookie" }, `request_id_header: Cookie says something else`},
		"no application":         {func(c *Config) { c.App.Spec = "shop.py" }, "app: want the name of a module, not of a file: did you mean shop?"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := Default()
			c.change(&config)
			assert.EqualError(t, config.Validate(), c.want)
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	cases := map[string]func(*Config){
		"every peer": func(c *Config) { c.Proxy.ForwardedAllowIPs = []string{"*"} },
		"addresses": func(c *Config) {
			c.Proxy.ForwardedAllowIPs = []string{"127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8", "unix"}
		},
		"numbers of users": func(c *Config) { c.Process.User, c.Process.Group = "65534", "65534" },
		"names of users":   func(c *Config) { c.Process.User = "root" },
		"two free ports":   func(c *Config) { c.Proxy.Bind = []string{"127.0.0.1:0", "127.0.0.1:0"} },
		"one prefix for both": func(c *Config) {
			c.Proxy.Static, c.Proxy.XAccelRedirect = []Static{NewStatic("/s/", os.TempDir())}, []Internal{{"/s/", os.TempDir()}}
		},
		"a hard limit alone": func(c *Config) { c.Workers.MaxRSSHard = 1 << 30 },
		"a soft limit alone": func(c *Config) { c.Workers.MaxRSS = 1 << 30 },
		"jitter alone":       func(c *Config) { c.Workers.MaxRequestsJitter = 50 },
		"nothing in memory":  func(c *Config) { c.Proxy.SpoolMemory = 0 },
		"static at the root": func(c *Config) { c.Proxy.Static = []Static{NewStatic("/", os.TempDir())} },
		"an empty variable":  func(c *Config) { c.App.Env = []string{"DEBUG="} },
		"no keep-alive":      func(c *Config) { c.Proxy.KeepAlive = 0 },
		"no deadline":        func(c *Config) { c.Dispatch.Timeout = 0 },
		"no access log":      func(c *Config) { c.Log.Access = "" },
		"a mount":            func(c *Config) { c.App.ScriptName = "/shop/eu" },
		"any umask":          func(c *Config) { c.Process.Umask = 0o777 },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			config := Default()
			change(&config)
			assert.NoError(t, config.Validate())
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	config := Default()
	config.Workers.Threads, config.Dispatch.QueueSize, config.Proxy.Bind = 0, -1, []string{"x", "y"}
	var faults Faults
	require.ErrorAs(t, config.Validate(), &faults)
	var keys []string
	for _, fault := range faults {
		keys = append(keys, fault.Key)
	}
	assert.Equal(t, []string{"threads", "queue_size", "bind", "bind"}, keys)
}
