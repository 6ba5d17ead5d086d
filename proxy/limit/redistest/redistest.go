// Package redistest runs a real redis-server for tests, and lets it fail in the ways in which servers do.
package redistest

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait: none comes near it unless something hangs.
const patience = 20 * time.Second

// T is what a *testing.T has that is needed here. A program that measures brings its own.
type T interface {
	require.TestingT
	Helper()
	Cleanup(end func())
	Context() context.Context
	Skip(args ...any)
}

// Redis is a redis-server on a unix socket, without a file. Its methods are for the test's own goroutine.
type Redis struct {
	// Socket is where it listens.
	Socket string

	t    T
	file string
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// Start runs a server until the end of the test. args are further options, such as "--requirepass", "x". Without the
// program the test is skipped.
func Start(t T, args ...string) *Redis {
	t.Helper()
	return StartWith(t, "", args...)
}

// StartWith is Start with a configuration file.
func StartWith(t T, file string, args ...string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	dir, err := os.MkdirTemp("", "redis-") // a test's own may have a name that is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // in the system's temporary directory at worst
	r := &Redis{Socket: filepath.Join(dir, "redis.sock"), t: t, file: file, args: args}
	r.start()
	t.Cleanup(r.Kill)
	return r
}

// URL is where it is, in the form of the configuration.
func (r *Redis) URL() string { return "unix://" + r.Socket }

func (r *Redis) start() {
	r.t.Helper()
	var args []string
	if r.file != "" {
		args = []string{r.file} // it stands before the options
	}
	args = append(args,
		"--port", "0", "--unixsocket", r.Socket, "--save", "", "--appendonly", "no", "--dir", filepath.Dir(r.Socket))
	args = append(args, r.args...)
	// The test's own context ends before Cleanup, and it is Cleanup that ends the server.
	r.cmd = exec.CommandContext(context.WithoutCancel(r.t.Context()), "redis-server", args...)
	require.NoError(r.t, r.cmd.Start())
	r.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { // ends with the process
		_ = cmd.Wait() // killed, most often
		close(done)
	}(r.cmd, r.done)
	require.Eventually(r.t, r.answers, patience, 5*time.Millisecond, "redis-server does not answer")
}

// answers reports whether the server answers, be it that it wants a password.
func (r *Redis) answers() bool {
	conn, err := net.Dial("unix", r.Socket)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()            // it has only looked
	_ = conn.SetDeadline(time.Now().Add(patience)) // fails only on a closed connection
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH"))
}

// Client is a client for the test's own commands, which the caller closes.
func (r *Redis) Client() *redis.Client { return r.client("") }

func (r *Redis) client(password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: "unix", Addr: r.Socket, Password: password, Protocol: 2, MaxRetries: -1, DialerRetries: 1,
	})
}

// Do runs a command.
func (r *Redis) Do(command ...any) any {
	r.t.Helper()
	return r.Auth("", command...)
}

// Auth runs a command where a password is asked for.
func (r *Redis) Auth(password string, command ...any) any {
	r.t.Helper()
	client := r.client(password)
	defer func() { _ = client.Close() }() // the command has been answered
	reply, err := client.Do(r.t.Context(), command...).Result()
	require.NoError(r.t, err, "%v", command)
	return reply
}

// Kill ends the server at once, as kill -9 does.
func (r *Redis) Kill() {
	_ = r.cmd.Process.Kill() // it may have ended already
	<-r.done
}

// Restart runs it again, empty, after Kill.
func (r *Redis) Restart() {
	r.t.Helper()
	r.start()
}

// Freeze stops the process, so that connections are open and nothing answers, until Thaw.
func (r *Redis) Freeze() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(syscall.SIGSTOP))
}

// Thaw lets it go on.
func (r *Redis) Thaw() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(syscall.SIGCONT))
}
