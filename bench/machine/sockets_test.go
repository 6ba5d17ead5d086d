package machine

import (
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const socketTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0200007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4002 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:1F90 0200007F:9C42 08 00000000:00000001 00:00000000 00000000     0        0 4003 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:1F90 0200007F:9C44 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:1F90 0200007F:9C46 06 00000000:00000000 03:00000A2B 00000000     0        0 0 3 0000000000000000
   5: 0200007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4004 1 0000000000000000 20 4 30 10 -1
   6: 0100007F:1F90 0200007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4002 1 0000000000000000 20 4 30 10 -1
   7: 0100007F:1F91 0200007F:9C48 01 00000000:00000000 00:00000000 00000000     0        0 4005 1 0000000000000000 20 4 30 10 -1
`

func TestParseSockets(t *testing.T) {
	got, err := parseSockets(socketTable, 8080)
	require.NoError(t, err)
	assert.Equal(t, Sockets{Accepted: 1, Waiting: 1}, got, "neither the same one twice, nor the listener, nor what has ended, nor the clients' ends, nor another port")
	for name, text := range map[string]string{
		"a short line":  "head\n 0: 0100007F:1F90 01\n",
		"another inode": "head\n 0: 0100007F:1F90 0200007F:9C40 01 0 0 0 0 0 many\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSockets(text, 8080)
			assert.ErrorContains(t, err, "read /proc/net/tcp")
		})
	}
}

func TestConnectionsWaitUntilTheyAreAccepted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("connections are read from /proc, which Linux alone has")
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	for range 2 {
		client, err := net.Dial("tcp4", listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
	}
	accepted, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = accepted.Close() })
	got, err := ReadSockets(listener.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, Sockets{Accepted: 1, Waiting: 1}, got)
}
