package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseBind(t *testing.T) {
	cases := map[string]struct {
		text string
		want Bind
	}{
		"address":              {"127.0.0.1:8000", Bind{"tcp", "127.0.0.1:8000"}},
		"name":                 {"localhost:80", Bind{"tcp", "localhost:80"}},
		"container's name":     {"web_1:80", Bind{"tcp", "web_1:80"}},
		"every address":        {":8000", Bind{"tcp", ":8000"}},
		"any port":             {"127.0.0.1:0", Bind{"tcp", "127.0.0.1:0"}},
		"IPv6":                 {"[::1]:8000", Bind{"tcp", "[::1]:8000"}},
		"IPv6 with zone":       {"[fe80::1%eth0]:80", Bind{"tcp", "[fe80::1%eth0]:80"}},
		"port with zeros":      {":0080", Bind{"tcp", ":80"}},
		"unix socket":          {"unix:/run/forebay.sock", Bind{"unix", "/run/forebay.sock"}},
		"abstract unix socket": {"unix:@forebay", Bind{"unix", "@forebay"}},
		"inherited socket":     {"fd://3", Bind{"fd", "3"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseBind(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestParseBindRefuses(t *testing.T) {
	cases := map[string]struct{ text, fault string }{
		"nothing":                 {"", "want HOST:PORT"},
		"port alone":              {"8000", "want HOST:PORT"},
		"host alone":              {"localhost", "want HOST:PORT"},
		"IPv6 without brackets":   {"::1:8000", "want HOST:PORT"},
		"named port":              {"localhost:http", `not "http"`},
		"port too high":           {":65536", "want a port from 0 to 65535"},
		"negative port":           {":-1", "want a port"},
		"no port":                 {"localhost:", "want a port"},
		"a star":                  {"*:8000", "want a host name"},
		"URL":                     {"http://localhost:8000", "want HOST:PORT"},
		"space in host":           {"a b:80", "want a host name"},
		"dash first":              {"-a:80", "want a host name"},
		"unix without path":       {"unix:", "want unix: and a path"},
		"abstract without name":   {"unix:@", "want unix: and a path"},
		"unix with zero byte":     {"unix:/a\x00b", "zero byte"},
		"unix path too long":      {"unix:/" + strings.Repeat("a", 107), "at most 107 bytes"},
		"fd without number":       {"fd://", "descriptor"},
		"fd of a standard stream": {"fd://1", "from 3 on"},
		"fd that is no number":    {"fd://x", `not "x"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseBind(c.text)
			assert.ErrorContains(t, err, c.fault)
		})
	}
}

func FuzzParseBind(f *testing.F) {
	for _, seed := range []string{"127.0.0.1:8000", "[::1]:80", ":0", "unix:/run/x", "unix:@x", "fd://3", "[a]:1", "unix:fd://3", "%:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bind, err := ParseBind(text)
		if err != nil {
			assert.Zero(t, bind)
			return
		}
		again, err := ParseBind(bind.String())
		require.NoError(t, err, "%q was read as %q", text, bind)
		assert.Equal(t, bind, again)
	})
}
