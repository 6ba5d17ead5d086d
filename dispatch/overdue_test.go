package dispatch

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// hasty is a configuration with a deadline that stuck.py misses.
func hasty() config.Dispatch {
	cfg := patient()
	cfg.Timeout, cfg.Interrupt = 200*time.Millisecond, true
	return cfg
}

// patience lets what follows take as long as it likes.
func (th *theatre) patience() { th.Reconfigure(patient(), nil, spool.Limits{Memory: 1 << 20}) }

func TestThreadPastItsDeadlineIsBroughtBack(t *testing.T) {
	for _, kind := range []string{"naps", "loop"} {
		t.Run(kind, func(t *testing.T) {
			th := newTheatreWith(t, "stuck", hasty(), 1, 2)
			stuck := th.begin("GET", "/"+kind)
			th.logs("stuck in " + kind)
			assert.Equal(t, "while", th.ask("GET", "/ok/while", &client{}).body, "others are served")
			got := receive(t, stuck, "no result")
			assert.ErrorIs(t, got.err, ErrTimeout)
			line := th.logs(`msg="request timed out" method=GET target=/` + kind + ` request_id=id pid=(\d+) .* interrupt=(\w+) stack="(.*)"$`)
			assert.Equal(t, strconv.Itoa(got.trace.PID), line[1])
			assert.Equal(t, "raised", line[2])
			assert.Contains(t, line[3], `stuck.py\", line`)
			assert.Contains(t, line[3], "in "+kind+`\n`)
			th.logs(`msg="thread is back from a request that timed out" request_id=id pid=` + line[1])
			th.patience()
			for range 2 {
				next := th.ask("GET", "/ok/next", &client{})
				assert.Equal(t, "next", next.body)
				assert.Equal(t, got.trace.PID, next.trace.PID)
			}
			assert.NotContains(t, th.log.String(), "worker is being replaced")
		})
	}
}

func TestNothingIsRaisedWhereTheConfigurationSaysSo(t *testing.T) {
	cfg := hasty()
	cfg.Interrupt, cfg.GracefulTimeout = false, 50*time.Millisecond
	th := newTheatreWith(t, "stuck", cfg, 1, 1)
	got := th.ask("GET", "/naps", &client{})
	assert.ErrorIs(t, got.err, ErrTimeout)
	line := th.logs(`msg="request timed out" .*`)
	assert.NotContains(t, line[0], "interrupt=")
	assert.Contains(t, line[0], "in naps")
	th.logs(`msg="worker is being replaced" .*reason="thread 0 did not come back from GET /naps within 50ms of its deadline"`)
	th.patience()
	next := th.ask("GET", "/ok/next", &client{})
	assert.Equal(t, "next", next.body)
	assert.NotEqual(t, got.trace.PID, next.trace.PID)
	th.logs(`msg="worker exited" .*thread0.target=/naps thread0.request_id=id`)
}

func TestApplicationThatSwallowsTheInterrupt(t *testing.T) {
	th := newTheatreWith(t, "stuck", hasty(), 1, 1)
	assert.ErrorIs(t, th.ask("GET", "/swallow/naps", &client{}).err, ErrTimeout)
	th.logs("swallowed: the request has run for longer than timeout allows")
	th.logs("thread is back")
	assert.Equal(t, "next", th.ask("GET", "/ok/next", &client{}).body, "what it answered after all is nobody's")
}

func TestStreamThatPausesForTooLong(t *testing.T) {
	th := newTheatreWith(t, "stuck", hasty(), 1, 1)
	got := th.ask("GET", "/stream/naps", &client{})
	assert.Equal(t, "one", got.body)
	assert.ErrorIs(t, got.err, ErrTimeout, "never ended as if it were whole")
	th.logs(`msg="request timed out" method=GET target=/stream/naps request_id=id .*in naps`)
	th.logs("line=closed")
	assert.Equal(t, "next", th.ask("GET", "/ok/next", &client{}).body)
}

func TestCloseThatTakesTooLong(t *testing.T) {
	th := newTheatreWith(t, "stuck", hasty(), 1, 1)
	got := th.ask("GET", "/close/naps", &client{})
	require.NoError(t, got.err)
	assert.Equal(t, "done", got.body, "the answer was out already")
	th.logs(`msg="request timed out" method=GET target=/close/naps .*in naps`)
	assert.Equal(t, "next", th.ask("GET", "/ok/next", &client{}).body)
}

// A process that is stopped answers nothing, as one whose GIL is kept by C code.
func TestNothingWaitsBehindARequestPastItsDeadline(t *testing.T) {
	cfg := patient()
	cfg.Timeout = time.Second
	th := newTheatre(t, cfg, 2, 1)
	actors := th.occupy(2)
	th.short()
	b := th.backlog(append([]string{"GET /stop/x"}, echoes(5)...)...)
	actors[0].say("answer 0")
	require.ErrorIs(t, receive(t, b.results[0], "no result").err, ErrTimeout)
	actors[1].say("answer 1")
	b.answered(1)
	th.logs(`msg="worker is being replaced" .*reason="the GIL is kept past the deadline of thread 0"`)
	th.cont(actors[0].pid)
}

func TestProcessThatNoThreadButOneGetsToRunIn(t *testing.T) {
	cfg := hasty()
	cfg.GracefulTimeout = deadline
	th := newTheatre(t, cfg, 1, 3)
	got := th.ask("GET", "/stop/x", &client{})
	require.ErrorIs(t, got.err, ErrTimeout)
	th.patience()
	th.logs(`msg="worker is being replaced" .*reason="the GIL is kept past the deadline of thread \d"`)
	for range 3 {
		next := th.ask("GET", "/echo/next", &client{})
		assert.Equal(t, "/echo/next", next.body, "its idle threads are given nothing")
		assert.NotEqual(t, got.trace.PID, next.trace.PID)
	}
	th.cont(got.trace.PID)
	th.logs(`msg="thread is back from a request that timed out"`)
	th.logs(`msg="worker exited" .*exit="exit status 0"`)
}

// halt stops a process. The signal is only on its way when kill returns.
func (th *theatre) halt(pid int) {
	th.t.Helper()
	require.NoError(th.t, syscall.Kill(pid, syscall.SIGSTOP))
	require.Eventually(th.t, func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		require.NoError(th.t, err)
		for _, file := range threads {
			stat, err := os.ReadFile(file)
			if err == nil && !strings.Contains(string(stat), ") T ") {
				return false
			}
		}
		return true
	}, deadline, time.Millisecond)
}

// A thread that asks for the body of a request which has been answered must not wait for it for ever.
func TestBodyThatIsAskedForTooLate(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells when a process has stopped")
	}
	th := newTheatre(t, hasty(), 1, 1)
	first := th.ask("GET", "/echo/first", &client{})
	th.halt(first.trace.PID)
	file, err := os.Create(filepath.Join(t.TempDir(), "body"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, file.Close()) }()
	req := python.NewRequest(&python.Meta{
		Method: []byte("POST"), Target: []byte("/echo/x"), Path: []byte("/echo/x"), Protocol: []byte("HTTP/1.1"), Scheme: "http",
		RequestID: []byte("id"),
	}, python.Body{File: file, Size: 1 << 20}, &client{})
	defer req.Release()
	assert.ErrorIs(t, th.run(req).err, ErrTimeout)
	th.patience()
	th.cont(first.trace.PID)
	next := th.ask("GET", "/echo/next", &client{})
	assert.Equal(t, "/echo/next", next.body)
	assert.Equal(t, first.trace.PID, next.trace.PID)
	assert.Equal(t, []string{"GET /echo/first", "GET /echo/next"}, th.runs())
}

// The worker hears of it although nothing was there to be written, and an empty chunk is enough for it to act.
func TestReaderThatLeavesAQuietStream(t *testing.T) {
	th := newTheatreWith(t, "stuck", patient(), 1, 1)
	req := newRequest("GET", "/empty/", &client{})
	defer req.Release()
	resp, err := th.do(req)
	require.NoError(t, err)
	one := make([]byte, 3)
	_, err = io.ReadFull(resp.Stream, one)
	require.NoError(t, err)
	resp.Close()
	th.logs("line=closed")
	assert.Equal(t, "next", th.ask("GET", "/ok/next", &client{}).body)
}

func TestReaderThatLeavesBeforeAnybodyReadsTheStream(t *testing.T) {
	th := newTheatreWith(t, "stuck", patient(), 1, 1)
	for range 20 {
		req := newRequest("GET", "/empty/", &client{})
		resp, err := th.do(req)
		require.NoError(t, err)
		resp.Close()
		req.Release()
		assert.Equal(t, "next", th.ask("GET", "/ok/next", &client{}).body)
	}
}
