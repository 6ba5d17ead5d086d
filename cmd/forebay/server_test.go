package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// startDeadline is generous: the binary has the race detector in it, and the machine may be busy with other tests.
	startDeadline = 60 * time.Second
	// stopDeadline is longer than the default graceful timeout, so that a drain that hangs is told from one that is slow.
	stopDeadline = 45 * time.Second
	// markKey is set in forebay's environment and inherited by all that it starts, however they are re-parented. It does not
	// begin with FOREBAY_: forebay refuses settings that it does not know.
	markKey = "TEST_FOREBAY_MARK"
)

var (
	buildDir  string // made and removed by TestMain
	listening = regexp.MustCompile(`(?i)listening.*?(http://[0-9.:\[\]]+)`)
	marks     atomic.Int64
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "forebay-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // it is in the system's temporary directory at worst
	os.Exit(code)
}

// binary is the path of the real forebay, built once a run, with the race detector when the tests have it.
// TEST_FOREBAY_BIN names one to be used instead: a release, say.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TEST_FOREBAY_BIN"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(buildDir, "forebay")
	args := []string{"build", "-o", path}
	if raceDetector() {
		args = append(args, "-race")
	}
	out, err := exec.CommandContext(context.Background(), "go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build forebay: %w\n%s", err, out)
	}
	return path, nil
})

// raceDetector says whether this test binary was built with -race.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// server is a running forebay.
type server struct {
	URL    string // http://127.0.0.1:PORT, without a slash at the end
	PID    int
	Stdout *output // the access log, unless it was sent elsewhere
	Stderr *output

	// Tracebacks is how many of Python's tracebacks the test provokes. Stop finds fault with any other number.
	Tracebacks int

	t    *testing.T
	cmd  *exec.Cmd
	mark string
	done chan struct{} // closed when the process has been waited for
	err  error         // of the wait; to be read after done
}

// startForebay runs the real binary with "-b 127.0.0.1:0" and args and returns when it listens; its workers may still be
// booting. Whatever of it still runs at the end of the test is stopped as Stop does.
func startForebay(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, Stdout: newOutput(), Stderr: newOutput(), done: make(chan struct{})}
	s.cmd = forebayCommand(t, append([]string{"-b", "127.0.0.1:0"}, args...)...)
	s.mark = fmt.Sprintf("%s=%d-%d", markKey, os.Getpid(), marks.Add(1))
	// The race detector's reports are written at once; the second that it waits at exit only makes the tests longer.
	s.cmd.Env = append(os.Environ(), s.mark, "GORACE=atexit_sleep_ms=0")
	s.cmd.Stdout, s.cmd.Stderr = s.Stdout, s.Stderr
	// A worker that outlives its master holds stderr open. Wait must not wait for it: Stop is to find it.
	s.cmd.WaitDelay = 5 * time.Second
	require.NoError(t, s.cmd.Start())
	s.PID = s.cmd.Process.Pid
	go func() { // ends when the process does
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.cleanup)
	s.URL = s.awaitAddress()
	return s
}

// forebayCommand is the real binary with args, not started: for tests of what it says when it does not serve.
func forebayCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	// t.Context ends before Cleanup runs, and it is Cleanup that stops a server.
	return exec.CommandContext(context.WithoutCancel(t.Context()), path, args...)
}

func (s *server) awaitAddress() string {
	s.t.Helper()
	deadline := time.NewTimer(startDeadline)
	defer deadline.Stop()
	for {
		match, changed := s.Stderr.find(listening)
		if match != nil {
			return match[1]
		}
		select {
		case <-changed:
		case <-s.done:
			require.FailNow(s.t, "forebay ended before it listened", "%v", s.err)
		case <-deadline.C:
			require.FailNow(s.t, "forebay did not listen in time")
		}
	}
}

// Signal sends sig to the master.
func (s *server) Signal(sig syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(sig))
}

// Wait waits until the master has ended and returns its exit status, or -1 if a signal ended it.
func (s *server) Wait() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(stopDeadline):
		require.FailNow(s.t, "forebay did not end in time")
	}
	if s.err != nil && !errors.As(s.err, new(*exec.ExitError)) {
		assert.NoError(s.t, s.err, "wait for forebay")
	}
	return s.cmd.ProcessState.ExitCode()
}

// Stop ends the server as an operator does and holds it to its promises: status 0, every process gone, no data race, and
// no traceback but those that the test provoked.
func (s *server) Stop() {
	s.t.Helper()
	require.Contains(s.t, s.Processes(), s.PID, "the search for what is left would not find anything")
	s.Signal(syscall.SIGTERM)
	assert.Equal(s.t, 0, s.Wait(), "exit status")
	assert.Empty(s.t, s.Processes(), "processes left behind")
	stderr := s.Stderr.String()
	assert.NotContains(s.t, stderr, "DATA RACE")
	assert.Equal(s.t, s.Tracebacks, strings.Count(stderr, "Traceback (most recent call last)"), "tracebacks")
}

// cleanup stops what the test did not.
func (s *server) cleanup() {
	defer s.kill() // also when Stop gives up
	select {
	case <-s.done:
	default:
		if s.URL != "" {
			s.Stop()
		}
	}
}

// kill ends what is left by force, and shows what forebay said if the test failed.
func (s *server) kill() {
	for _, pid := range s.Processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself meanwhile
	}
	<-s.done
	if s.t.Failed() {
		s.t.Logf("stderr of forebay:\n%s", s.Stderr)
		s.t.Logf("stdout of forebay:\n%s", s.Stdout)
	}
}

// Processes returns the ids of the master and of all that it started and that still runs, orphans too. It reads /proc:
// Linux only.
func (s *server) Processes() []int {
	s.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(s.t, err)
	var pids []int
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte(s.mark+"\x00")) {
			continue // ended since, or not ours
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		require.NoError(s.t, err)
		pids = append(pids, pid)
	}
	return pids
}
