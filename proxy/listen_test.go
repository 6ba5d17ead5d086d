package proxy

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhichAddressesAListenerHas: who writes an address of IPv4 has no others.
func TestWhichAddressesAListenerHas(t *testing.T) {
	wild := "::"
	if ln, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		require.NoError(t, ln.Close())
	} else {
		wild = "0.0.0.0" // there is no IPv6 here
	}
	for bind, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", "0.0.0.0:0": "0.0.0.0", ":0": wild, "localhost:0": "127.0.0.1",
	} {
		t.Run(bind, func(t *testing.T) {
			ln, err := listen(t.Context(), bind, 10)
			require.NoError(t, err)
			defer func() { assert.NoError(t, ln.Close()) }()
			at, err := netip.ParseAddrPort(ln.Addr().String())
			require.NoError(t, err)
			assert.Equal(t, want, at.Addr().String())
		})
	}
}
