package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inheritance is what a file with one setting gives, as KEY=TEXT,TEXT.
func inheritance(t *testing.T, name string, value any) (given map[string]string, i Inherited) {
	t.Helper()
	i, err := Inherit(GunicornFile{Settings: map[string]GunicornValue{name: {value, 1}}}, "conf.py", nil)
	require.NoError(t, err)
	given = map[string]string{}
	for _, taken := range i.Taken {
		given[taken.Setting.Key] = strings.Join(taken.Texts, "|")
	}
	return given, i
}

func TestInheritedValues(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		key   string
		want  string
	}{
		{"bind", "127.0.0.1:8000", "bind", "127.0.0.1:8000"},
		{"bind", "127.0.0.1", "bind", "127.0.0.1:8000"},
		{"bind", "localhost:", "bind", "localhost:8000"},
		{"bind", "[::1]", "bind", "[::1]:8000"},
		{"bind", "tcp://0.0.0.0:80", "bind", "0.0.0.0:80"},
		{"bind", "unix:///run/a.sock", "bind", "unix:/run/a.sock"},
		{"bind", "unix:a.sock", "bind", "unix:a.sock"},
		{"bind", []any{":80, :81", "fd://3"}, "bind", ":80|:81|fd://3"},
		{"workers", int64(3), "workers", "3"},
		{"workers", 3.7, "workers", "3"},
		{"workers", " 3 ", "workers", "3"},
		{"timeout", 1.5, "timeout", "1.5"},
		{"timeout", int64(0), "timeout", "0"},
		{"keepalive", int64(5), "keep_alive", "5"},
		{"preload_app", true, "preload", "true"},
		{"umask", int64(0o27), "umask", "027"},
		{"umask", "022", "umask", "022"},
		{"user", int64(1000), "user", "1000"},
		{"raw_env", []any{"A=1", "SCRIPT_NAME=/shop"}, "env", "A=1"},
		{"raw_env", "SCRIPT_NAME=/shop", "script_name", "/shop"},
		{"accesslog", nil, "access_logfile", ""},
		{"forwarded_allow_ips", "10.0.0.1,10.0.0.2", "forwarded_allow_ips", "10.0.0.1|10.0.0.2"},
		{"proxy_protocol", true, "proxy_protocol_from", "127.0.0.1|::1"},
		{"proxy_protocol", "v2", "proxy_protocol_from", "127.0.0.1|::1"},
		{"pythonpath", "a,b", "pythonpath", "a|b"},
		{"limit_request_line", int64(100), "limit_request_line", "100"},
		{"worker_class", "gthread", "threads", "1"},
		{"worker_class", GunicornObject{Class: "gunicorn.workers.geventlet.EventletWorker"}, "threads", "32"},
	} {
		given, _ := inheritance(t, c.name, c.value)
		got, found := given[c.key]
		assert.True(t, found, "%s = %v", c.name, c.value)
		assert.Equal(t, c.want, got, "%s = %v", c.name, c.value)
	}
}

// What leaves a setting off is not worth a word.
func TestInheritedNothing(t *testing.T) {
	for name, value := range map[string]any{
		"pidfile": nil, "daemon": false, "errorlog": "-", "certfile": nil, "spew": false, "statsd_host": "", "dirty_apps": []any{}, "initgroups": int64(0),
		"bind": "", "raw_env": []any{}, "proxy_protocol": "off", "proxy_allow_ips": "10.0.0.1", "worker_class": nil, "access_log_format": nil, "forwarded_allow_ips": nil,
		"limit_request_line": nil, "umask": nil, "user": nil,
	} {
		given, i := inheritance(t, name, value)
		assert.Equal(t, map[string]string{"threads": "1"}, given, name)
		assert.Empty(t, i.Ignored, name)
	}
}

func TestInheritedWithAReason(t *testing.T) {
	for name, value := range map[string]any{
		"daemon": true, "errorlog": "a.log", "certfile": "a.pem", "worker_connections": int64(1), "limit_request_line": int64(0), "worker_class": "my.Worker",
		"access_log_format": "%(nothing)s", "logconfig_dict": GunicornObject{Type: "dict"}, "dirty_apps": []any{"a"},
	} {
		_, i := inheritance(t, name, value)
		require.Len(t, i.Ignored, 1, name)
		assert.NotEmpty(t, i.Ignored[0].Text, name)
		assert.Equal(t, Origin{LayerGunicorn, "conf.py", 1}, i.Ignored[0].Origin)
		assert.Equal(t, name == "certfile", i.Ignored[0].Grave, name)
	}
}

// Each name has either a place or a reason.
func TestEveryNameOfGunicornsIsDecidedAbout(t *testing.T) {
	for _, name := range GunicornNames() {
		_, isSpecial := gunicornSpecial[name]
		key, renamed := gunicornRenamed[name]
		if !renamed {
			key = name
		}
		_, known := Find(key)
		assert.True(t, isSpecial || known || gunicorn[name] != "", name)
	}
	for _, name := range HookNames {
		assert.Contains(t, GunicornNames(), name)
	}
}

func TestInheritedFaults(t *testing.T) {
	for name, c := range map[string]struct {
		file GunicornFile
		want string
	}{
		"it fails":      {GunicornFile{Fault: "ValueError: no", FaultLine: 4}, "conf.py:4: ValueError: no"},
		"no number":     {GunicornFile{Settings: map[string]GunicornValue{"workers": {"x", 2}}}, `conf.py:2: workers: want a whole number, not "x"`},
		"no address":    {GunicornFile{Settings: map[string]GunicornValue{"bind": {"a:b", 2}}}, `conf.py:2: bind: want a port from 0 to 65535, not "b"`},
		"of ASGI":       {GunicornFile{Settings: map[string]GunicornValue{"worker_class": {"uvicorn_worker.UvicornWorker", 2}}}, "conf.py:2: worker_class: uvicorn_worker.UvicornWorker is not for WSGI: forebay runs WSGI applications only"},
		"an odd object": {GunicornFile{Settings: map[string]GunicornValue{"timeout": {GunicornObject{Type: "dict"}, 2}}}, `conf.py:2: timeout: want a duration such as "30s", "1m30s" or a number of seconds, not "a dict"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Inherit(c.file, "conf.py", nil)
			require.EqualError(t, err, c.want)
		})
	}
}
