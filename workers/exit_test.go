package workers

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	ms := time.Millisecond
	for n, want := range []time.Duration{1: 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10 * time.Second} {
		if n > 0 {
			assert.Equal(t, want, backoff(n), "after %d failed starts", n)
		}
	}
	assert.Equal(t, 10*time.Second, backoff(1000))
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		pause(t.Context(), time.Minute)
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		pause(ctx, time.Hour)
		assert.Equal(t, time.Minute+time.Second, time.Since(start), "the end of the context ends it")
	})
}

func TestExitText(t *testing.T) {
	cases := map[string]struct{ script, want string }{
		"good":    {"exit 0", "exit status 0"},
		"bad":     {"exit 3", "exit status 3"},
		"killed":  {"kill -KILL $$", "killed by SIGKILL"},
		"aborted": {"ulimit -c 0; kill -ABRT $$", "killed by SIGABRT"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("/bin/sh", "-c", c.script)
			if err := cmd.Run(); err != nil {
				require.ErrorAs(t, err, new(*exec.ExitError))
			}
			assert.Equal(t, c.want, exitText(cmd.ProcessState))
		})
	}
}

func TestErrorsSayWhatHappened(t *testing.T) {
	assert.EqualError(t, &DiedError{PID: 7, Exit: "killed by SIGSEGV"}, "worker 7 ended before it was ready: killed by SIGSEGV")
	assert.EqualError(t, &LoadError{Traceback: "Traceback..."}, "the application could not be loaded")
	assert.EqualError(t, &PythonError{Tried: []string{"a", "b"}, Reason: "why"}, "no usable Python: why (tried: a, b)")
	assert.Equal(t, "unknown", State(99).String())
}

func TestStateOnlyMovesForward(t *testing.T) {
	w := &Worker{log: newLogbook(t).logger()}
	assert.Equal(t, Booting, w.State())
	assert.True(t, w.become(Draining))
	assert.False(t, w.become(Ready))
	assert.False(t, w.become(Draining))
	assert.Equal(t, Draining, w.State())
	assert.True(t, w.become(Exited))
	assert.Equal(t, "exited", w.State().String())
}

// killHard kills a worker as the kernel does when memory runs out.
func killHard(t *testing.T, w *Worker) {
	t.Helper()
	require.NoError(t, syscall.Kill(w.PID(), syscall.SIGKILL))
}
