package proxy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestConnectionsAreKeptAliveByTheKernel(t *testing.T) {
	f := startFront(t, &application{})
	f.dial().open()
	conns := f.proxy.door.all()
	require.Len(t, conns, 1)
	option := func(level, name int) (value int) {
		require.NoError(t, conns[0].raw.Control(func(fd uintptr) {
			var err error
			value, err = unix.GetsockoptInt(int(fd), level, name)
			assert.NoError(t, err)
		}))
		return value
	}
	assert.Equal(t, 1, option(unix.SOL_SOCKET, unix.SO_KEEPALIVE))
	assert.Equal(t, keepAliveIdle, option(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
	assert.Equal(t, keepAliveInterval, option(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL))
	assert.Equal(t, keepAliveCount, option(unix.IPPROTO_TCP, unix.TCP_KEEPCNT))
	assert.Equal(t, 1, option(unix.IPPROTO_TCP, unix.TCP_NODELAY))
}
