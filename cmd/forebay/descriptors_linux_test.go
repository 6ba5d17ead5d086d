package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var openFiles = regexp.MustCompile(`Max open files\s+(\d+)\s+(\d+)`)

// TestTheLimitOfDescriptorsIsRaised: the master takes as many as it may have, and its workers get the limit that it found,
// as select(2) in an application cannot go beyond.
func TestTheLimitOfDescriptorsIsRaised(t *testing.T) {
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before) })
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 512, Max: before.Max}))
	s := startForebay(t, "-w", "1")
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
	for _, pid := range s.Processes() {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		require.NoError(t, err)
		found := openFiles.FindSubmatch(limits)
		require.NotNil(t, found, "%s", limits)
		soft, err := strconv.ParseUint(string(found[1]), 10, 64)
		require.NoError(t, err)
		if pid == s.PID {
			assert.GreaterOrEqual(t, soft, before.Max-1, "the master; Go leaves one, to know its own setting again")
		} else {
			assert.Equal(t, uint64(512), soft, "a worker")
		}
	}
}

// TestClientsDoNotHaveAllDescriptors: with clients in all places that they can have, a worker that is killed is started
// again, files are read, logs are opened anew, and a reload has its new workers. Who is let in no more waits.
func TestClientsDoNotHaveAllDescriptors(t *testing.T) {
	app := newCounting(t)
	require.NoError(t, os.WriteFile(filepath.Join(app.dir, "film.bin"), []byte(film), 0o600))
	log := filepath.Join(app.dir, "access.log")
	s := startForebay(t, app.args("-w", "1", "--threads", "2", "--keep-alive", "1h", "--static", "/static/="+app.dir, "--access-logfile", log)...)
	few := unix.Rlimit{Cur: 200, Max: 200}
	require.NoError(t, unix.Prlimit(s.PID, unix.RLIMIT_NOFILE, &few, nil))
	s.Signal(syscall.SIGHUP) // so that it sees the limit
	s.Stderr.Await(t, reloaded)

	inside := s.dial(t)
	pid := inside.get("/").Header.Get("X-Pid")
	var others []*wire
	for range few.Cur {
		others = append(others, s.dial(t))
	}
	s.Stderr.Await(t, regexp.MustCompile(`WARN  connections wait reason="clients have all descriptors but `))

	number, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	s.Stderr.Await(t, regexp.MustCompile(`worker exited worker=\d pid=`+pid))
	again := inside.get("/")
	assert.Equal(t, 200, again.StatusCode)
	assert.NotEqual(t, pid, again.Header.Get("X-Pid"))
	assert.Equal(t, film, inside.get("/static/film.bin").body)

	require.NoError(t, os.Rename(log, log+".1"))
	s.Signal(syscall.SIGUSR1)
	s.Stderr.Await(t, regexp.MustCompile(`INFO  access log reopened`))
	require.Equal(t, 200, inside.get("/after").StatusCode)
	require.Eventually(t, func() bool { return contains(log, "/after") }, startDeadline, 10*time.Millisecond)

	app.release("2")
	s.Signal(syscall.SIGHUP)
	s.Stderr.AwaitCount(t, 2, reloaded)
	assert.Equal(t, "2", inside.get("/").Header.Get("X-Release"))

	last := others[len(others)-1]
	last.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
	for _, c := range others[:len(others)-1] {
		require.NoError(t, c.Close())
	}
	assert.Equal(t, 200, last.next("GET").StatusCode)
	assert.NotContains(t, s.Stderr.String(), "too many open files")
	s.Stop()
}
