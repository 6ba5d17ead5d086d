package forwarded

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trust makes a Trust of what the test says.
func trust(t testing.TB, list ...string) *Trust {
	t.Helper()
	tr, err := New(list)
	require.NoError(t, err)
	return tr
}

func TestTrusted(t *testing.T) {
	tests := map[string]struct {
		list []string
		peer string // empty: a unix socket's
		want bool
	}{
		"nobody":                         {nil, "127.0.0.1", false},
		"nobody, unix":                   {nil, "", false},
		"unix":                           {[]string{"unix"}, "", true},
		"unix is not the loopback":       {[]string{"unix"}, "127.0.0.1", false},
		"the loopback is not unix":       {[]string{"127.0.0.1", "::1"}, "", false},
		"everybody":                      {[]string{"*"}, "203.0.113.9", true},
		"everybody, unix":                {[]string{"*"}, "", true},
		"an address":                     {[]string{"192.0.2.1"}, "192.0.2.1", true},
		"another address":                {[]string{"192.0.2.1"}, "192.0.2.2", false},
		"in a network":                   {[]string{"::1", "10.0.0.0/8"}, "10.255.0.1", true},
		"beside a network":               {[]string{"10.0.0.0/8"}, "11.0.0.1", false},
		"a network of all IPv4 only":     {[]string{"0.0.0.0/0"}, "::1", false},
		"IPv6":                           {[]string{"2001:db8::/32"}, "2001:db8:1::1", true},
		"a peer that is mapped":          {[]string{"10.0.0.0/8"}, "::ffff:10.0.0.1", true},
		"an address that is mapped":      {[]string{"::ffff:10.0.0.1"}, "10.0.0.1", true},
		"a network that is mapped":       {[]string{"::ffff:10.0.0.0/104"}, "10.9.9.9", true},
		"a network that is mapped, else": {[]string{"::ffff:10.0.0.0/104"}, "11.9.9.9", false},
		"a peer with a zone":             {[]string{"fe80::/10"}, "fe80::1%eth0", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var peer netip.Addr
			if tt.peer != "" {
				peer = netip.MustParseAddr(tt.peer)
			}
			assert.Equal(t, tt.want, trust(t, tt.list...).Trusted(peer, tt.peer == ""))
		})
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := New([]string{"localhost", "10.0.0.1", "10.0.0.1/8", "", "fe80::1%eth0", "10.0.0.0/33", "Unix"})
	for _, part := range []string{`"localhost"`, `"10.0.0.1/8"`, "10.0.0.0/8 is meant", `""`, `"fe80::1%eth0"`, `"10.0.0.0/33"`, `"Unix"`} {
		require.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), `"10.0.0.1"`)
}
