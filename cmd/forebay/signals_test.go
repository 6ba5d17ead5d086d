package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSignalsForTheNumberOfWorkers(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "1", "--threads", "2")...)
	c := gather(t, s, app.journal(), false)
	workers := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return len(s.Processes()) == n+1 }, startDeadline, 10*time.Millisecond)
	}
	for _, step := range []struct {
		sig  syscall.Signal
		want int
	}{{syscall.SIGTTIN, 2}, {syscall.SIGTTIN, 3}, {syscall.SIGTTOU, 2}, {syscall.SIGTTOU, 1}, {syscall.SIGTTOU, 1}, {syscall.SIGTTIN, 2}} {
		s.Signal(step.sig)
		workers(step.want)
	}
	s.reload(1)
	workers(1)
	c.goHome()
	s.Stop()
}

func TestQuitDoesNotWaitForRequests(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--chdir", apps, "-e", st.env(), "stage")
	begin(s.URL + "/hangs")
	st.request()
	since := time.Now()
	s.Signal(syscall.SIGQUIT)
	assert.Equal(t, 0, s.Wait())
	assert.Less(t, time.Since(since), 10*time.Second, "graceful_timeout is 30 s")
	assert.Empty(t, s.Processes())
	assert.Contains(t, s.Stderr.String(), "INFO  stopping fast signal=quit")
}

func TestQuitHurriesAStop(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--chdir", apps, "-e", st.env(), "stage")
	begin(s.URL + "/hangs")
	st.request()
	s.Signal(syscall.SIGTERM)
	s.Stderr.Await(t, regexp.MustCompile(`stopping signal=`))
	since := time.Now()
	s.Signal(syscall.SIGQUIT)
	assert.Equal(t, 0, s.Wait())
	assert.Less(t, time.Since(since), 10*time.Second)
	assert.Empty(t, s.Processes())
}

// A request that ends within a second is answered.
func TestQuitLetsShortRequestsEnd(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--chdir", apps, "-e", st.env(), "stage")
	running := begin(s.URL + "/short")
	conn, _ := st.request()
	s.Signal(syscall.SIGQUIT)
	s.Stderr.Await(t, regexp.MustCompile(`stopping fast signal=`))
	_, err := fmt.Fprintln(conn, "answer still")
	require.NoError(t, err)
	assert.Equal(t, reply{200, "still", nil}, await(t, running))
	assert.Equal(t, 0, s.Wait())
}

func TestSecondSignalClearsTheDisk(t *testing.T) {
	st := newStage(t)
	dir := t.TempDir()
	pid, socket := filepath.Join(dir, "pid"), filepath.Join(dir, "sock")
	s := launch(t, nil, "-b", "127.0.0.1:0", "-b", "unix:"+socket, "-p", pid, "-w", "1", "--chdir", apps, "-e", st.env(), "stage")
	begin(strings.Split(s.URL, ", ")[0] + "/hangs")
	st.request()
	s.Signal(syscall.SIGINT)
	s.Stderr.Await(t, regexp.MustCompile(`stopping signal=`))
	s.Signal(syscall.SIGINT)
	assert.Equal(t, 1, s.Wait())
	assert.NoFileExists(t, pid)
	assert.NoFileExists(t, socket)
	s.gone()
}

// Some of these end a process that has not said yet what to do with them.
func TestSignalsWithinAStart(t *testing.T) {
	st := newStage(t)
	s := start(t, nil, "-b", "127.0.0.1:0", "-w", "1", "--chdir", apps, "-e", st.env(), "imports_forever")
	st.enter()
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGPIPE, syscall.SIGTTIN} {
		s.Signal(sig)
	}
	st.enter() // the second worker, of SIGTTIN
	s.Signal(syscall.SIGTTOU)
	s.Stderr.Await(t, regexp.MustCompile(`INFO  number of workers set workers=1`))
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.Empty(t, s.Processes())
}

func TestReloadThatWasAskedForWithinAStart(t *testing.T) {
	app := newCounting(t)
	fifo := filepath.Join(app.dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	app.write("open(" + strconv.Quote(fifo) + ").read()\nRELEASE = 'first'\n")
	s := start(t, nil, app.args("-b", "127.0.0.1:0", "-w", "1")...)
	gate, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns when the application is being imported
	require.NoError(t, err)
	s.Signal(syscall.SIGHUP)
	app.release("second")
	require.NoError(t, gate.Close())
	s.URL = s.Stderr.Await(t, listening)[1]
	s.Stderr.AwaitCount(t, 1, reloaded)
	assert.Equal(t, "second", releaseOf(t, s.URL))
	s.Stop()
}

func TestAccessLogIsReopened(t *testing.T) {
	app := newCounting(t)
	log := filepath.Join(app.dir, "access.log")
	s := startForebay(t, app.args("-w", "1", "--access-logfile", log)...)
	require.Equal(t, 200, await(t, begin(s.URL+"/before")).status)
	require.Eventually(t, func() bool { return contains(log, "/before") }, startDeadline, 10*time.Millisecond)
	require.NoError(t, os.Rename(log, log+".1"))
	s.Signal(syscall.SIGUSR1)
	s.Stderr.Await(t, regexp.MustCompile(`INFO  access log reopened`))
	require.Equal(t, 200, await(t, begin(s.URL+"/after")).status)
	require.Eventually(t, func() bool { return contains(log, "/after") }, startDeadline, 10*time.Millisecond)
	assert.False(t, contains(log, "/before"))
	assert.False(t, contains(log+".1", "/after"))

	require.NoError(t, os.Rename(log, log+".2"))
	require.NoError(t, os.Mkdir(log, 0o700)) // it cannot be opened
	s.Signal(syscall.SIGUSR1)
	s.Stderr.Await(t, regexp.MustCompile(`ERROR access log not reopened error="access log: open .*: is a directory"`))
	require.Equal(t, 200, await(t, begin(s.URL+"/goes-on")).status)
	require.Eventually(t, func() bool { return contains(log+".2", "/goes-on") }, startDeadline, 10*time.Millisecond)
	s.Stop()
}

func contains(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && strings.Contains(string(b), text)
}

// Whoever read the output may be gone; writing to it must not end the server.
func TestStreamsThatNobodyReads(t *testing.T) {
	out, in, err := os.Pipe()
	require.NoError(t, err)
	app := newCounting(t)
	s := start(t, func(cmd *exec.Cmd) { cmd.Stdout = in }, app.args("-b", "127.0.0.1:0", "-w", "1")...)
	require.NoError(t, in.Close())
	s.URL = s.Stderr.Await(t, listening)[1]
	require.Equal(t, 200, await(t, begin(s.URL+"/read")).status)
	_, err = out.Read(make([]byte, 1)) // its line is there
	require.NoError(t, err)
	require.NoError(t, out.Close())
	for range 10 {
		require.Equal(t, 200, await(t, begin(s.URL+"/unread")).status)
		s.Signal(syscall.SIGUSR1) // which does nothing to it
	}
	s.Stop()
}

// childrenOf returns the children of a process whose command's name begins so, those that have ended and were not waited for
// too.
func childrenOf(t *testing.T, parent int, name string) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var pids []int
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since
		}
		match := regexp.MustCompile(`^(\d+) \((.*)\) \S (\d+) `).FindSubmatch(text)
		if match != nil && string(match[3]) == strconv.Itoa(parent) && strings.HasPrefix(string(match[2]), name) {
			pid, err := strconv.Atoi(string(match[1]))
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}
