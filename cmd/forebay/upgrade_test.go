package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	upgraded = regexp.MustCompile(`INFO  upgraded, stopping successor=(\d+) `)
	failed   = regexp.MustCompile(`(?m)ERROR upgrade failed, everything goes on as before error="?(.*)"?$`)
)

// upgrade asks a process for the n-th upgrade of the server and returns its successor.
func (s *server) upgrade(pid, n int) (successor int) {
	s.t.Helper()
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGUSR2))
	s.Stderr.AwaitCount(s.t, n, upgraded)
	successor, err := strconv.Atoi(upgraded.FindAllStringSubmatch(s.Stderr.String(), -1)[n-1][1])
	require.NoError(s.t, err)
	return successor
}

// left waits until the first process has left its place to a successor.
func (s *server) left() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return !slices.Contains(s.Processes(), s.PID) }, stopDeadline, 10*time.Millisecond)
}

// end stops a successor as Stop does the first process, which must have ended well.
func (s *server) end(pid int) {
	s.t.Helper()
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGTERM))
	require.Eventually(s.t, func() bool { return len(s.Processes()) == 0 }, stopDeadline, 10*time.Millisecond, "processes left behind")
	assert.NotContains(s.t, s.Stderr.String(), "DATA RACE")
	<-s.done
	assert.Equal(s.t, 0, s.cmd.ProcessState.ExitCode(), "exit status of the first process")
}

func TestUpgradesLoseNothing(t *testing.T) {
	app := newCounting(t)
	pidFile := filepath.Join(app.dir, "pid")
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "-p", pidFile)...)
	c := gather(t, s, app.journal(), false)
	c.meets("1")
	pid := s.PID
	for n := 1; n <= 2; n++ {
		release := strconv.Itoa(n + 1)
		app.release(release)
		pid = s.upgrade(pid, n)
		c.meets(release)
		assert.Equal(t, strconv.Itoa(pid)+"\n", contentOf(t, pidFile))
	}
	s.left()
	c.goHome()
	assert.Equal(t, strconv.Itoa(pid)+"\n", contentOf(t, pidFile), "the predecessor has left it alone")
	s.end(pid)
	assert.NoFileExists(t, pidFile)
	assert.NotContains(t, s.Stderr.String(), "WARN")
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// TestUpgradeIsPatient: a client that is idle meanwhile may send just now. It is answered once more.
func TestUpgradeIsPatient(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "1")...)
	idle := s.connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	answers := bufio.NewReader(idle)
	first := readAnswer(t, answers)
	assert.False(t, first.Close)
	app.release("2")
	successor := s.upgrade(s.PID, 1)
	require.Eventually(t, func() bool { return releaseOf(t, s.URL) == "2" }, startDeadline, 10*time.Millisecond)
	_, err := io.WriteString(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	require.NoError(t, err)
	last := readAnswer(t, answers)
	assert.Equal(t, "1", last.Header.Get("X-Release"))
	assert.True(t, last.Close)
	s.left()
	s.end(successor)
}

func readAnswer(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp
}

func TestUpgradeOfAUnixSocket(t *testing.T) {
	app := newCounting(t)
	socket := filepath.Join(app.dir, "sock")
	s := startForebay(t, app.quiet("-w", "1", "-b", "unix:"+socket)...)
	successor := s.upgrade(s.PID, 1)
	s.left()
	assert.Equal(t, "1", dialUnix(t, socket).release())
	s.end(successor)
	assert.NoFileExists(t, socket)
}

// TestUpgradeThatFailsChangesNothing: the program that takes the place is a copy that the test replaces.
func TestUpgradeThatFailsChangesNothing(t *testing.T) {
	path, err := binary()
	require.NoError(t, err)
	app := newCounting(t)
	program := filepath.Join(app.dir, "forebay")
	replace := func(write func(path string) error) {
		t.Helper()
		require.NoError(t, write(program+".new"))
		require.NoError(t, os.Rename(program+".new", program))
	}
	link := func(to string) error { return os.Symlink(path, to) }
	script := func(text string) func(string) error {
		return func(to string) error { return os.WriteFile(to, []byte("#!/bin/sh\n"+text), 0o700) }
	}
	replace(link)
	s := start(t, func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = program, program }, app.quiet("-b", "127.0.0.1:0", "-w", "1", "--boot-timeout", "2s")...)
	s.URL = s.Stderr.Await(t, listening)[1]
	c := gather(t, s, app.journal(), false)
	refusals := 0
	refuse := func(want string) {
		t.Helper()
		s.Signal(syscall.SIGUSR2)
		refusals++
		s.Stderr.AwaitCount(t, refusals, failed)
		assert.Contains(t, failed.FindAllString(s.Stderr.String(), -1)[refusals-1], want)
		c.meets("1")
	}
	replace(script("exit 7\n"))
	refuse("the new program has ended: exit status 7")
	replace(func(to string) error { return os.WriteFile(to, []byte("no program"), 0o700) })
	refuse("start ")
	require.NoError(t, os.Remove(program))
	refuse("find the program")
	replace(link)
	app.write("RELEASE = (\n")
	refuse("the new program has ended: exit status 3")
	app.release("2")
	successor := s.upgrade(s.PID, 1)
	c.meets("2")
	c.goHome()
	s.left()
	s.end(successor)
}

// TestUpgradeAsAnotherUser: the new program is started by what the old one has become, and is that already.
func TestUpgradeAsAnotherUser(t *testing.T) {
	python, dir := forAnotherUser(t)
	require.NoError(t, os.Chmod(dir, 0o777)) // for the PID file
	path, err := binary()
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	program, pidFile := filepath.Join(dir, "forebay"), filepath.Join(dir, "pid")
	require.NoError(t, os.WriteFile(program, content, 0o755)) // to be run by another user
	s := start(t, func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = program, program },
		"-b", "127.0.0.1:0", "-u", "nobody", "-p", pidFile, "-w", "1", "--graceful-timeout", "1", // an idle connection stays so long
		"--python", python, "--chdir", dir, "tells")
	s.URL = s.Stderr.Await(t, listening)[1]
	before := tells(t, s)
	successor := s.upgrade(s.PID, 1)
	s.left()
	after := tells(t, s)
	assert.Equal(t, before.UID, after.UID)
	assert.Equal(t, before.Groups, after.Groups)
	assert.NotEqual(t, before.PID, after.PID)
	assert.Equal(t, strconv.Itoa(successor)+"\n", contentOf(t, pidFile))
	s.end(successor)
}

func TestStopWithinAnUpgrade(t *testing.T) {
	st := newStage(t)
	app := newCounting(t)
	s := startForebay(t, app.args("-w", "1", "-e", st.env())...)
	app.write("import imports_forever\n")
	s.Signal(syscall.SIGUSR2)
	st.enter()
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.Empty(t, s.Processes())
	assert.Contains(t, s.Stderr.String(), "stopped meanwhile")
}

// TestSocketActivation: a service manager has opened the socket, and says so in the environment (sd_listen_fds(3)).
func TestSocketActivation(t *testing.T) {
	ln, file := listenFile(t)
	app := newCounting(t)
	s := start(t, func(cmd *exec.Cmd) {
		// LISTEN_PID is the process itself: a shell knows its own, and becomes it.
		cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.ExtraFiles = []*os.File{file}
	}, app.args("-w", "1")...)
	s.Stderr.Await(t, listening)
	s.URL = "http://" + ln
	assert.Equal(t, "1", releaseOf(t, s.URL))
	app.release("2")
	s.reload(1)
	assert.Equal(t, "2", releaseOf(t, s.URL), "after a reload")
	app.release("3")
	successor := s.upgrade(s.PID, 1)
	s.left()
	assert.Equal(t, "3", releaseOf(t, s.URL), "after an upgrade")
	s.end(successor)
}

// TestServiceManager: what sd_notify(3) has, in its order.
func TestServiceManager(t *testing.T) {
	said, path := notifySocket(t)
	app := newCounting(t)
	s := start(t, func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"sh", "-c", `WATCHDOG_PID=$$ exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=200000")
	}, app.args("-b", "127.0.0.1:0", "-w", "1")...)
	s.URL = s.Stderr.Await(t, listening)[1]
	ready, watchdog := regexp.MustCompile("READY=1\nSTATUS=serving with 1 workers\n"), regexp.MustCompile("WATCHDOG=1\n")
	said.AwaitCount(t, 1, ready)
	said.AwaitCount(t, 2, watchdog)
	s.Signal(syscall.SIGHUP)
	said.Await(t, regexp.MustCompile(`RELOADING=1\nMONOTONIC_USEC=\d+\n`))
	said.AwaitCount(t, 2, ready)
	app.write("RELEASE = (\n")
	s.Signal(syscall.SIGHUP)
	said.Await(t, regexp.MustCompile(`READY=1\nSTATUS=reload refused: .*\n`))
	app.release("1")
	successor := s.upgrade(s.PID, 1)
	said.Await(t, regexp.MustCompile("MAINPID="+strconv.Itoa(successor)+"\n"))
	s.left()
	said.AwaitCount(t, len(watchdog.FindAllString(said.String(), -1))+2, watchdog)
	s.end(successor)
	said.Await(t, regexp.MustCompile("STOPPING=1\n"))
}

// TestAServiceManagerThatDoesNotRead holds up nobody.
func TestAServiceManagerThatDoesNotRead(t *testing.T) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // nothing is read from it
	app := newCounting(t)
	s := start(t, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+conn.LocalAddr().String(), "WATCHDOG_USEC=2000")
	}, app.args("-b", "127.0.0.1:0", "-w", "1")...)
	s.URL = s.Stderr.Await(t, listening)[1]
	s.Stderr.Await(t, regexp.MustCompile(`WARN  service manager does not listen`))
	s.reload(1)
	s.Stop()
}
