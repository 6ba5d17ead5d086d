package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operator uses the commands of forebay on a server whose admin listener is a unix socket.
type operator struct {
	t      *testing.T
	socket string
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	return &operator{t, filepath.Join(t.TempDir(), "admin.sock")}
}

func (o *operator) admin() string { return "unix:" + o.socket }

// command is a command, not started.
func (o *operator) command(args ...string) *exec.Cmd {
	cmd := forebayCommand(o.t, args...)
	cmd.Env = append(os.Environ(), "FOREBAY_ADMIN="+o.admin(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

// does runs a command that ends well, and returns what it prints.
func (o *operator) does(args ...string) string {
	o.t.Helper()
	out, err := o.command(args...).CombinedOutput()
	require.NoError(o.t, err, "%s", out)
	return string(out)
}

// fails runs a command that does not.
func (o *operator) fails(args ...string) string {
	o.t.Helper()
	out, err := o.command(args...).CombinedOutput()
	require.Error(o.t, err, "%s", out)
	return string(out)
}

// get asks the listener, as curl --unix-socket does.
func (o *operator) get(path string) (int, string) {
	o.t.Helper()
	c := &http.Client{Timeout: startDeadline, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", o.socket)
		},
	}}
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, "http://localhost"+path, nil)
	require.NoError(o.t, err)
	resp, err := c.Do(req)
	require.NoError(o.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(o.t, err)
	return resp.StatusCode, string(body)
}

func (o *operator) pid() int {
	o.t.Helper()
	var st struct{ PID int }
	require.NoError(o.t, json.Unmarshal([]byte(o.does("status", "--json")), &st))
	return st.PID
}

func TestOperating(t *testing.T) {
	st, o := newStage(t), newOperator(t)
	s := startForebay(t, "-w", "1", "--threads", "2", "--chdir", apps, "-e", st.env(), "--admin", o.admin(), "stage")
	running := begin(s.URL + "/running")
	conn, pid := st.request()

	t.Run("the socket is ours alone", func(t *testing.T) {
		info, err := os.Stat(o.socket)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("status", func(t *testing.T) {
		text := o.does("status")
		assert.Regexp(t, `^stage  serving for .* pid `+strconv.Itoa(s.PID), text)
		assert.Regexp(t, `(?m)^slots +1 of 2 busy$`, text)
		assert.Regexp(t, `(?m)^`+strconv.Itoa(pid)+` +\d +busy .* GET /running  \w+$`, text)
		assert.Equal(t, s.PID, o.pid())
	})
	t.Run("the stack of a view names its function", func(t *testing.T) {
		for _, args := range [][]string{{"stack"}, {"stack", strconv.Itoa(pid)}} {
			text := o.does(args...)
			assert.Regexp(t, `(?m)^thread \d: GET /running for .*, request \w+$`, text)
			assert.Regexp(t, `File ".*stage.py", line \d+, in application`, text)
		}
		assert.Contains(t, o.fails("stack", "1"), "404 Not Found: no such worker")
	})
	t.Run("metrics", func(t *testing.T) {
		status, text := o.get("/metrics")
		assert.Equal(t, 200, status)
		assert.Regexp(t, `(?m)^forebay_slots\{state="busy"\} 1$`, text)
	})
	t.Run("top", func(t *testing.T) { watchTop(t, o) })
	t.Run("health", func(t *testing.T) {
		assert.Equal(t, "ok\n", o.does("health"))
		o.socket += ".other"
		assert.Contains(t, o.fails("health"), "nobody listens there")
		assert.Contains(t, o.fails("status"), "nobody listens there: is forebay running?")
		o.socket = o.socket[:len(o.socket)-len(".other")]
	})
	t.Run("a reload", func(t *testing.T) {
		assert.Regexp(t, `^reloaded in \d`, o.does("reload"))
		assert.Regexp(t, `(?m)^reload .* ago, done$`, o.does("status"))
	})
	t.Run("a stop is seen to its end", func(t *testing.T) {
		assert.Contains(t, o.does("stop"), "stopping")
		s.Stderr.Await(t, regexp.MustCompile(`INFO  stopping by=`))
		status, why := o.get("/readyz")
		assert.Equal(t, 503, status)
		assert.Equal(t, "draining\n", why)
		status, _ = o.get("/healthz")
		assert.Equal(t, 200, status)
		assert.Contains(t, o.fails("health"), "draining")
		_, err := fmt.Fprintln(conn, "answer in the end")
		require.NoError(t, err)
		assert.Equal(t, reply{http.StatusOK, "in the end", nil}, await(t, running))
		assert.Equal(t, 0, s.Wait())
		assert.NoFileExists(t, o.socket)
		assert.Empty(t, s.Processes())
	})
}

// watchTop looks at forebay top in a terminal.
func watchTop(t *testing.T, o *operator) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux")
	}
	control := filepath.Join(t.TempDir(), "tmux")
	tmux := func(args ...string) string {
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "tmux", append([]string{"-S", control, "-f", "/dev/null"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	cmd := o.command("top")
	tmux("new-session", "-d", "-x", "110", "-y", "30", "-e", "FOREBAY_ADMIN="+o.admin(), cmd.Path+" top; echo status $?; sleep 60")
	t.Cleanup(func() { tmux("kill-server") })
	shows := func(want string) {
		t.Helper()
		re, screen := regexp.MustCompile(want), ""
		if !assert.Eventually(t, func() bool {
			screen = tmux("capture-pane", "-p")
			return re.MatchString(screen)
		}, startDeadline, 20*time.Millisecond, want) {
			require.FailNow(t, "the screen shows", "%s", screen)
		}
	}
	shows(`(?m)^\d+ +\d +busy +\d.* GET /running  \w+\s*$`)
	shows(`slots +1 of 2 busy`)
	shows(`q quit`)
	tmux("send-keys", "Enter") // the busy one is the first
	shows(`File ".*stage.py", line \d+, in application`)
	tmux("send-keys", "Escape")
	shows(`by time`)
	tmux("send-keys", "s")
	shows(`by worker`)
	tmux("send-keys", "q")
	shows(`status 0`)
}

// The sockets in the file system outlive an upgrade that fails, and an admin listener says how the one serves that is there.
func TestUpgradeWithAnAdminListener(t *testing.T) {
	app, o := newCounting(t), newOperator(t)
	socket := filepath.Join(app.dir, "sock")
	s := startForebay(t, app.quiet("-w", "1", "-b", "unix:"+socket, "--admin", o.admin())...)
	app.write("RELEASE = (\n")
	s.Signal(syscall.SIGUSR2)
	s.Stderr.AwaitCount(t, 1, failed)
	before := dialUnix(t, socket)
	assert.Equal(t, "1", before.release())
	require.NoError(t, before.conn.Close())
	assert.Equal(t, s.PID, o.pid())
	assert.Contains(t, o.fails("reload"), "SyntaxError")

	app.release("2")
	stream := o.events()
	successor := s.upgrade(s.PID, 1)
	for stream.Scan() { // it ends as its server leaves
	}
	assert.Equal(t, successor, o.pid())
	s.left()
	after := dialUnix(t, socket)
	assert.Equal(t, "2", after.release())
	require.NoError(t, after.conn.Close())
	assert.Equal(t, successor, o.pid())
	s.end(successor)
	assert.NoFileExists(t, socket)
	assert.NoFileExists(t, o.socket)
}

// events opens a stream of events.
func (o *operator) events() *bufio.Scanner {
	o.t.Helper()
	c, err := net.Dial("unix", o.socket)
	require.NoError(o.t, err)
	o.t.Cleanup(func() { _ = c.Close() }) // the test is over
	require.NoError(o.t, c.SetDeadline(time.Now().Add(startDeadline)))
	_, err = io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(o.t, err)
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		if lines.Text() == "event: status" {
			return lines
		}
	}
	require.FailNow(o.t, "no event", "%v", lines.Err())
	return nil
}

func TestHealthWithoutAnAdminListener(t *testing.T) {
	s := startForebay(t, "-w", "1", "--chdir", apps, "hello")
	address := s.URL[len("http://"):]
	out, err := forebayCommand(t, "health", "-b", address).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "ok\n", string(out))
	s.Stop()
	out, err = forebayCommand(t, "health", "-b", address).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "nobody listens there")
}
