package access

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// patience is for what another goroutine or the kernel does.
const patience = 10 * time.Second

// datagrams listens for messages in a test's own directory or on the loopback.
func datagrams(t *testing.T, network string) net.PacketConn {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unixgram" {
		address = filepath.Join(t.TempDir(), "log")
	}
	conn, err := net.ListenPacket(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

func receive(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	var message [64 << 10]byte
	n, _, err := conn.ReadFrom(message[:])
	require.NoError(t, err)
	return string(message[:n])
}

// newSyslogTo makes a writer, and closes it in the end.
func newSyslogTo(t *testing.T, dest string) *syslogWriter {
	t.Helper()
	cfg, err := config.ParseSyslog(dest)
	require.NoError(t, err)
	w, err := newSyslog(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestLinesGoToSyslog(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	const stamp = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)`
	t.Run("of this machine", func(t *testing.T) {
		conn := datagrams(t, "unixgram")
		l := openAt(t, "syslog:"+conn.LocalAddr().String()+"?facility=local7&tag=shop")
		stop := run(l)
		put(l, 1)
		assert.Regexp(t, `^<190>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d shop\[`+pid+`\]: 192\.0\.2\.1 - - .* 1$`, receive(t, conn))
		require.NoError(t, l.Reopen())
		put(l, 2)
		assert.Regexp(t, ` 2$`, receive(t, conn))
		require.NoError(t, stop())
		require.NoError(t, l.Close())
		assert.Zero(t, l.Dropped())
	})
	t.Run("of another one", func(t *testing.T) {
		conn := datagrams(t, "udp")
		w := newSyslogTo(t, "syslog://"+conn.LocalAddr().String())
		n, err := w.Write([]byte("one\n\ntwo\n"))
		require.NoError(t, err)
		assert.Equal(t, 9, n)
		assert.Regexp(t, `^<14>1 `+stamp+` \S+ forebay `+pid+` access - one$`, receive(t, conn))
		assert.Regexp(t, ` access - two$`, receive(t, conn))
		_, err = w.Write([]byte(strings.Repeat("§", 50<<10) + "\n"))
		require.NoError(t, err)
		assert.Equal(t, syslogMax/2, strings.Count(receive(t, conn), "§"), "it fits into a datagram")
	})
	t.Run("by TCP", func(t *testing.T) {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { _ = server.Close() }()
		w := newSyslogTo(t, "syslog+tcp://"+server.Addr().String())
		_, err = w.Write([]byte("one\ntwo words\n"))
		require.NoError(t, err)
		conn, err := server.Accept()
		require.NoError(t, err)
		require.NoError(t, w.Close())
		in := bufio.NewReader(conn)
		for _, want := range []string{"one", "two words"} { // RFC 6587, section 3.4.1
			digits, err := in.ReadString(' ')
			require.NoError(t, err)
			size, err := strconv.Atoi(strings.TrimSpace(digits))
			require.NoError(t, err)
			message := make([]byte, size)
			_, err = io.ReadFull(in, message)
			require.NoError(t, err)
			assert.Regexp(t, `^<14>1 `+stamp+` .* access - `+want+`$`, string(message))
		}
		require.NoError(t, conn.Close())
	})
}

// TestSyslogThatGoesAndComes: it is found again under its path, and what could not be sent is counted.
func TestSyslogThatGoesAndComes(t *testing.T) {
	first := datagrams(t, "unixgram")
	path := first.LocalAddr().String()
	w := newSyslogTo(t, "syslog:"+path)
	_, err := w.Write([]byte("one\n"))
	require.NoError(t, err)
	assert.Contains(t, receive(t, first), "one")

	closeSocket(t, first)
	n, err := w.Write([]byte("two\n"))
	require.Error(t, err)
	assert.Zero(t, n)
	n, err = w.Write([]byte("three\n"))
	require.Error(t, err, "it is left alone for a while")
	assert.Zero(t, n)

	second, err := net.ListenPacket("unixgram", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = second.Close() })
	w.again = time.Time{} // the while is over
	_, err = w.Write([]byte("four\n"))
	require.NoError(t, err)
	require.NoError(t, second.SetReadDeadline(time.Now().Add(patience)))
	assert.Contains(t, receive(t, second), "four")

	closeSocket(t, second)
	third, err := net.ListenPacket("unixgram", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = third.Close() })
	_, err = w.Write([]byte("five\n"))
	require.NoError(t, err, "one that was started anew is asked at once")
	require.NoError(t, third.SetReadDeadline(time.Now().Add(patience)))
	assert.Contains(t, receive(t, third), "five")
}

// closeSocket closes a unix socket, and makes its path free.
func closeSocket(t *testing.T, conn net.PacketConn) {
	t.Helper()
	require.NoError(t, conn.Close())
	require.NoError(t, os.Remove(conn.LocalAddr().String()))
}

func TestSyslogThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "log")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{dir + "/none", file} {
		_, err := Open(to("syslog:"+path), Stdout{}, nil)
		assert.EqualError(t, err, "access log: syslog: there is no socket "+path)
	}
}
