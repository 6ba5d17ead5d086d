package crowd

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is a client that has just connected, and the server's end of its connection.
func pair(t *testing.T, kind *Kind) (*client, int) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	for _, fd := range fds {
		require.NoError(t, syscall.SetNonblock(fd, true))
	}
	one := &client{fd: fds[0], phase: connecting, rest: kind.opening}
	t.Cleanup(one.leave)
	t.Cleanup(func() { _ = syscall.Close(fds[1]) }) // some tests have closed it
	return one, fds[1]
}

func find(t *testing.T, name string) *Kind {
	t.Helper()
	kind, err := Find(name)
	require.NoError(t, err)
	return &kind
}

// received is what the server has got and not read.
func received(t *testing.T, fd int) string {
	t.Helper()
	buffer := make([]byte, 64<<10)
	n, err := syscall.Read(fd, buffer)
	if errors.Is(err, syscall.EAGAIN) {
		return ""
	}
	require.NoError(t, err)
	return string(buffer[:n])
}

func say(t *testing.T, fd int, text string) {
	t.Helper()
	n, err := syscall.Write(fd, []byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

func TestClientsThatSayLittleSettleByThemselves(t *testing.T) {
	for _, name := range []string{"half-head", "slow-body", "silent"} {
		t.Run(name, func(t *testing.T) {
			kind := find(t, name)
			one, server := pair(t, kind)
			buffer := make([]byte, gulp)
			require.NoError(t, one.visit(kind, buffer))
			assert.Equal(t, settled, one.phase)
			first := received(t, server)
			assert.True(t, strings.HasPrefix(first, kind.opening))
			require.NoError(t, one.visit(kind, buffer))
			want := ""
			if name == "slow-body" {
				want = "x"
			}
			assert.Equal(t, want, received(t, server))
		})
	}
}

func TestClientsThatWantAnAnswerSettleWithIt(t *testing.T) {
	for _, name := range []string{"slow-reader", "idle"} {
		t.Run(name, func(t *testing.T) {
			kind := find(t, name)
			one, server := pair(t, kind)
			buffer := make([]byte, gulp)
			require.NoError(t, one.visit(kind, buffer))
			assert.Equal(t, arriving, one.phase)
			say(t, server, "HTTP/1.1 200 OK\r\n\r\n")
			require.NoError(t, one.visit(kind, buffer))
			assert.Equal(t, settled, one.phase)
			say(t, server, "and its body")
			assert.NoError(t, one.visit(kind, buffer))
		})
	}
}

func TestASlowReaderSips(t *testing.T) {
	kind := find(t, "slow-reader")
	one, server := pair(t, kind)
	buffer := make([]byte, gulp)
	require.NoError(t, one.visit(kind, buffer))
	say(t, server, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 3*sipSize))
	for range 3 {
		require.NoError(t, one.visit(kind, buffer))
	}
	left, err := syscall.Read(one.fd, buffer)
	require.NoError(t, err)
	assert.Equal(t, len("HTTP/1.1 200 OK\r\n\r\n"), left)
}

func TestTheEndOfAConnectionHasAReason(t *testing.T) {
	cases := map[string]struct {
		kind string
		does func(t *testing.T, server int)
		want string
	}{
		"a deadline":                            {"half-head", func(t *testing.T, fd int) { say(t, fd, "HTTP/1.1 408 Request Timeout\r\n\r\n") }, "408"},
		"an answer before the request is whole": {"slow-body", func(t *testing.T, fd int) { say(t, fd, "HTTP/1.1 200 OK\r\n\r\n") }, "200"},
		"overload":                              {"idle", func(t *testing.T, fd int) { say(t, fd, "HTTP/1.1 503 Service Unavailable\r\n\r\n") }, "503"},
		"another tongue":                        {"silent", func(t *testing.T, fd int) { say(t, fd, "220 ready\r\n") }, "no HTTP"},
		"a closed door":                         {"silent", func(_ *testing.T, fd int) { _ = syscall.Close(fd) }, "closed"},
		"a body's reader":                       {"slow-body", func(t *testing.T, fd int) { received(t, fd); _ = syscall.Close(fd) }, "closed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kind := find(t, c.kind)
			one, server := pair(t, kind)
			buffer := make([]byte, gulp)
			require.NoError(t, one.visit(kind, buffer))
			c.does(t, server)
			err := one.visit(kind, buffer)
			require.Error(t, err)
			assert.Equal(t, c.want, reason(err))
		})
	}
}

func TestAnIdleClientMayBeCutLater(t *testing.T) {
	kind := find(t, "idle")
	one, server := pair(t, kind)
	buffer := make([]byte, gulp)
	require.NoError(t, one.visit(kind, buffer))
	say(t, server, "HTTP/1.1 200 OK\r\n\r\nx")
	require.NoError(t, one.visit(kind, buffer))
	say(t, server, "HTTP/1.1 408 Request Timeout\r\n\r\n")
	err := one.visit(kind, buffer)
	require.Error(t, err)
	assert.Equal(t, "408", reason(err))
}

func TestReasons(t *testing.T) {
	cases := map[string]error{
		"reset": syscall.ECONNRESET, "refused": syscall.ECONNREFUSED, "closed": io.EOF, "cannot allocate memory": syscall.ENOMEM,
	}
	for want, err := range cases {
		assert.Equal(t, want, reason(err))
	}
	assert.Equal(t, "reset", reason(syscall.EPIPE))
}

func FuzzStatusOf(f *testing.F) {
	f.Add([]byte("HTTP/1.1 408 Request Timeout\r\n"))
	f.Add([]byte("HTTP/1.1 2"))
	f.Fuzz(func(t *testing.T, text []byte) {
		status := statusOf(text)
		assert.True(t, status == "" || len(status) == 3, "%q", status)
	})
}
