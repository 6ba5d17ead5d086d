package dispatch

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/workers"
)

// halted stops the first worker, so that it begins nothing, and gives it a request by way of ask.
func (th *theatre) halted(ask func() <-chan result) (l *lane, results <-chan result) {
	th.t.Helper()
	th.mu.Lock()
	l = th.lanes[0]
	th.mu.Unlock()
	pid := l.worker.PID()
	require.NoError(th.t, syscall.Kill(pid, syscall.SIGSTOP))
	th.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it has mostly ended
	require.Eventually(th.t, func() bool { return rests(th.t, pid) }, deadline, time.Millisecond)
	results = ask()
	require.Eventually(th.t, func() bool {
		_, busy := l.worker.Slots()[0].Serving()
		return busy
	}, deadline, time.Millisecond)
	return l, results
}

// rests reports whether each thread of a process has stopped: that is a moment after the signal.
func rests(t *testing.T, pid int) bool {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc, which Linux alone has")
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	require.NotEmpty(t, threads)
	return !slices.ContainsFunc(threads, func(path string) bool {
		text, err := os.ReadFile(path)
		return err != nil || !strings.Contains(string(text), ") T ")
	})
}

// What the application was never called for is run by another worker, whatever it is, and has cost none its life.
func TestWhatADeadWorkerHadNotBegunIsRunAgain(t *testing.T) {
	for _, retry := range []config.Retry{config.RetryIdempotent, config.RetryNever} {
		t.Run(string(retry), func(t *testing.T) {
			cfg := patient()
			cfg.Retry = retry
			th := newTheatre(t, cfg, 2, 1)
			l, results := th.halted(func() <-chan result { return th.begin("POST", "/x") })
			require.NoError(t, syscall.Kill(l.worker.PID(), syscall.SIGKILL))
			b := th.enter()
			assert.NotEqual(t, l.worker.PID(), b.pid)
			b.say("answer once")
			got := receive(t, results, "no answer")
			require.NoError(t, got.err)
			assert.Equal(t, "once", got.body)
			assert.Equal(t, 1, got.trace.Tries)
			assert.Equal(t, map[string]int{"POST /x": 1}, th.times())
			th.logs(`msg="request is run again" method=POST target=/x request_id=id error="no thread had begun it`)
		})
	}
}

// A worker may die of reading a request. That must have an end, too.
func TestWhatNoWorkerBeginsHasAnEnd(t *testing.T) {
	th := newTheatre(t, patient(), 2, 1)
	req := newRequest("POST", "/x", &client{})
	t.Cleanup(req.Release)
	req.Trace.Missed = maxMissed
	l, results := th.halted(func() <-chan result {
		results := make(chan result, 1)
		go func() { results <- th.run(req) }() // ends with the answer
		return results
	})
	require.NoError(t, syscall.Kill(l.worker.PID(), syscall.SIGKILL))
	got := receive(t, results, "no result")
	require.ErrorIs(t, got.err, workers.ErrWorkerDied)
	assert.NotErrorIs(t, got.err, errNotBegun)
	assert.Equal(t, 1, got.trace.Tries)
}

func TestThoseBehindOneThatDiesAreNotTried(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	a := th.occupy(1)[0]
	b := th.backlog("GET /die/", "GET /echo/a", "GET /echo/b")
	th.short()
	a.say("answer")
	assert.ErrorIs(t, receive(t, b.results[0], "no result").err, workers.ErrWorkerDied)
	for i, want := range []python.Trace{{Tries: 1, Missed: 1}, {Tries: 1, Missed: 1}} {
		got := receive(t, b.results[i+1], "no answer")
		require.NoError(t, got.err)
		assert.Equal(t, want, python.Trace{Tries: got.trace.Tries, Missed: got.trace.Missed})
	}
}
