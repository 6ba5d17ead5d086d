package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSyslog(t *testing.T) {
	cases := map[string]struct {
		text string
		want Syslog
	}{
		"the machine's own":  {"syslog:", Syslog{"unix", "", 1, "forebay"}},
		"a socket":           {"syslog:/run/log?facility=local7", Syslog{"unix", "/run/log", 23, "forebay"}},
		"another machine":    {"syslog://logs.internal", Syslog{"udp", "logs.internal:514", 1, "forebay"}},
		"with a port":        {"syslog://[::1]:5514/?tag=shop", Syslog{"udp", "[::1]:5514", 1, "shop"}},
		"by TCP":             {"syslog+tcp://10.0.0.1?tag=a.b&facility=daemon", Syslog{"tcp", "10.0.0.1:514", 3, "a.b"}},
		"its own, as we say": {"syslog:?facility=local0", Syslog{"unix", "", 16, "forebay"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			require.True(t, IsSyslog(c.text))
			got, err := ParseSyslog(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	assert.False(t, IsSyslog("/var/log/syslog"))
}

func TestFaultySyslog(t *testing.T) {
	const want = "want syslog:, syslog:/PATH, syslog://HOST:PORT or syslog+tcp://HOST:PORT, not "
	cases := map[string]struct{ text, want string }{
		"a relative path":     {"syslog:logs", want + `"syslog:logs"`},
		"a user":              {"syslog://me@host", want + `"syslog://me@host"`},
		"no URL":              {"syslog://[", want + `"syslog://["`},
		"a port out of range": {"syslog://host:99999", `want HOST or HOST:PORT, not "host:99999"`},
		"a path there":        {"syslog://host/x", `want HOST or HOST:PORT, not "host/x"`},
		"TCP to nobody":       {"syslog+tcp:", `want HOST or HOST:PORT, not ""`},
		"an unknown facility": {"syslog:?facility=kern", `want a facility of user, daemon or local0 to local7, not "kern"`},
		"an unknown key":      {"syslog:?level=info", `want facility or tag after the question mark, not "level"`},
		"a tag with a space":  {"syslog:?tag=a%20b", `want a tag of at most 32 letters, digits, dots, dashes and underscores, not "a b"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseSyslog(c.text)
			assert.EqualError(t, err, c.want)
		})
	}
}
