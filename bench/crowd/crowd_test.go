package crowd

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCrowd makes the test binary a crowd in a process of its own.
const asCrowd = "BENCH_TEST_CROWD"

func TestMain(m *testing.M) {
	if os.Getenv(asCrowd) == "" {
		os.Exit(m.Run())
	}
	if err := Main(context.Background(), os.Args[1:]); err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()) // who started us reads it
		os.Exit(1)
	}
}

// patience is how long a test waits for what other goroutines and processes do.
const patience = 20 * time.Second

// serve answers every connection with one function, which closes it.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }() // the client may have gone
				answer(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// hold keeps a connection until the client ends it.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// run runs a crowd that is visited every few milliseconds.
func run(t *testing.T, name, to string, n int) *Crowd {
	t.Helper()
	crowd, err := New(*find(t, name), to, n)
	require.NoError(t, err)
	crowd.period = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- crowd.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		assert.Zero(t, crowd.Status().Settled, "all of them have left")
	})
	return crowd
}

func TestACrowdSettles(t *testing.T) {
	to := serve(t, func(conn net.Conn) {
		_, _ = bufio.NewReader(conn).ReadString('\n') // the request line; some kinds send none
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		hold(conn)
	})
	for _, name := range []string{"idle", "slow-reader", "silent"} {
		t.Run(name, func(t *testing.T) {
			crowd := run(t, name, to, 50)
			require.Eventually(t, func() bool { return crowd.Status().Settled == 50 }, patience, time.Millisecond)
			assert.Equal(t, Status{Clients: 50, Settled: 50, Cut: map[string]int{}}, crowd.Status())
		})
	}
}

func TestACrowdComesBack(t *testing.T) {
	to := serve(t, func(conn net.Conn) {
		_, _ = bufio.NewReader(conn).ReadString('\n') // its first line
		_, _ = io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\n\r\n")
	})
	crowd := run(t, "half-head", to, 5)
	require.Eventually(t, func() bool { return crowd.Status().Cuts() >= 15 }, patience, time.Millisecond)
	assert.Positive(t, crowd.Status().Cut["408"])
}

func TestACrowdWithoutAServerIsCounted(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	crowd := run(t, "silent", listener.Addr().String(), 2)
	require.Eventually(t, func() bool { return crowd.Status().Cut["refused"] > 2 }, patience, time.Millisecond)
}

func TestACrowdIsBounded(t *testing.T) {
	cases := map[string]struct {
		to   string
		n    int
		want string
	}{
		"no address":          {"localhost", 1, "make a crowd"},
		"somebody else's":     {"192.0.2.1:80", 1, "loopback"},
		"IPv6":                {"[::1]:80", 1, "IPv4 loopback"},
		"nobody":              {"127.0.0.1:80", 0, "between 1 and"},
		"more than there are": {"127.0.0.1:80", Largest + 1, "between 1 and"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := New(*find(t, "silent"), c.to, c.n)
			assert.ErrorContains(t, err, c.want)
		})
	}
	assert.ErrorContains(t, checkDescriptors(1<<40), "descriptors")
	_, err := Find("loud")
	assert.ErrorContains(t, err, `no kind of client is named "loud"`)
}

func TestACrowdInAProcessOfItsOwn(t *testing.T) {
	t.Setenv(asCrowd, "1")
	executable, err := os.Executable()
	require.NoError(t, err)
	to := serve(t, hold)
	crowd, err := Start([]string{executable}, *find(t, "half-head"), to, 20)
	require.NoError(t, err)
	t.Cleanup(crowd.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	require.NoError(t, crowd.Await(ctx))
	assert.Equal(t, Status{Clients: 20, Settled: 20, Cut: map[string]int{}}, crowd.Status())
	assert.NotEqual(t, os.Getpid(), crowd.PID())
}

func TestACrowdThatEndsIsNotAwaited(t *testing.T) {
	t.Setenv(asCrowd, "1")
	executable, err := os.Executable()
	require.NoError(t, err)
	crowd, err := Start([]string{executable}, *find(t, "silent"), "192.0.2.1:80", 20)
	require.NoError(t, err)
	t.Cleanup(crowd.Stop)
	assert.ErrorContains(t, crowd.Await(t.Context()), "loopback")
}
