package workers

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	assert.EqualError(t, &DiedError{PID: 7, Exit: "killed by SIGSEGV"}, "process 7 ended before it was ready: killed by SIGSEGV")
	assert.EqualError(t, &LoadError{Traceback: "Traceback..."}, "the application could not be loaded")
	assert.EqualError(t, &PythonError{Tried: []string{"a", "b"}, Reason: "why"}, "no usable Python: why (tried: a, b)")
	assert.Equal(t, "unknown", State(99).String())
}

// killHard kills a worker as the kernel does when memory runs out.
func killHard(t *testing.T, w *Worker) {
	t.Helper()
	require.NoError(t, syscall.Kill(w.PID(), syscall.SIGKILL))
}

func killPID(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(n, syscall.SIGKILL))
}

func TestWorkerThatStillBootsAtAStopIsNoWarning(t *testing.T) {
	program := scriptProgram(t, "silent")
	turns, ok := strings.CutPrefix(program.Env[len(program.Env)-1], turnsKey+"=")
	require.True(t, ok)
	r := startPool(t, oneWorker(), grace, program)
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(turns, "0"))
		return err == nil
	}, deadline, time.Millisecond, "it was not started")
	r.stop()
	require.NoError(t, r.wait())
	line := r.await(1, "worker exited")[0]
	assert.Equal(t, slog.LevelDebug, line.level)
	assert.Equal(t, "killed by SIGKILL", line.attrs["exit"])
}
