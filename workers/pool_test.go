package workers

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestWorkerThatDiesIsReplaced(t *testing.T) {
	r := startPool(t, config.Workers{Processes: 1, Threads: 2, BootTimeout: deadline}, grace, pythonProgram(t, "hello"))
	old := r.ready()
	assert.Equal(t, "hello from /before", ask(t, old.Slots()[0], "GET", "/before", ""))
	stopped(t, old) // it must not answer before it is killed
	req := newRequest("POST", "/orders?id=1", "")
	defer req.Release()
	require.NoError(t, old.Slots()[1].Send(req, time.Time{}))
	killHard(t, old)

	assert.Same(t, old, receive(t, r.withdrawn, "the slots were not taken back"))
	next := r.ready()
	assert.Equal(t, old.ID(), next.ID())
	assert.NotEqual(t, old.PID(), next.PID())
	assert.Equal(t, "hello from /after", ask(t, next.Slots()[0], "GET", "/after", ""))
	assert.Equal(t, Exited, old.State())

	lines, _ := r.find("worker exited")
	require.Len(t, lines, 1)
	assert.Equal(t, slog.LevelWarn, lines[0].level)
	attrs := lines[0].attrs
	assert.NotEmpty(t, attrs["thread1.age"])
	delete(attrs, "thread1.age")
	assert.Equal(t, map[string]string{
		"worker": "1", "pid": pidText(old), "exit": "killed by SIGKILL", "requests": "2",
		"thread1.method": "POST", "thread1.target": "/orders?id=1", "thread1.request_id": "id of /orders?id=1",
	}, attrs)
}

func TestWorkerThatEndsByItselfIsReplaced(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "half and dead slot", "ready"))
	old := r.ready()
	req := newRequest("GET", "/", "")
	defer req.Release()
	require.NoError(t, old.Slots()[0].Send(req, time.Time{}))
	r.ready()
	line := r.await(1, "worker exited")[0]
	assert.Equal(t, slog.LevelWarn, line.level, "nobody had asked it to")
	assert.Equal(t, "exit status 0", line.attrs["exit"])
}

// A worker that ends as soon as it is ready is in a loop, as one is that does not start.
func TestWorkerThatEndsAtOnceWaitsForItsNextStart(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	start := time.Now()
	for range 3 {
		killHard(t, r.ready())
	}
	r.ready()
	assert.GreaterOrEqual(t, time.Since(start), leastWait(1)+leastWait(2)+leastWait(3))
}

func TestRetire(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	old := r.ready()
	busy := r.hold()
	old.Retire(Broken, "a test wants it")
	old.Retire(Broken, "and says so twice")
	assert.Same(t, old, receive(t, r.withdrawn, "the slots were not taken back"))
	next := r.ready()
	assert.Equal(t, Draining, old.State(), "it lives as long as its requests")
	assert.Equal(t, old.ID(), next.ID())
	line := r.await(1, "worker is being replaced")[0]
	assert.Equal(t, slog.LevelWarn, line.level)
	assert.Equal(t, "a test wants it", line.attrs["reason"])

	close(busy)
	line = r.await(1, "worker exited", "pid", pidText(old))[0]
	assert.Equal(t, slog.LevelInfo, line.level)
	assert.Equal(t, "exit status 0", line.attrs["exit"])
	assert.Equal(t, Ready, next.State())
}

func TestRetiredWorkerThatDoesNotFinishIsKilled(t *testing.T) {
	r := startPool(t, oneWorker(), 50*time.Millisecond, scriptProgram(t, "ready"))
	old := r.ready()
	r.hold() // for ever
	old.Retire(Broken, "a test wants it")
	line := r.await(1, "worker exited", "pid", pidText(old))[0]
	assert.Equal(t, "killed by SIGKILL", line.attrs["exit"])
	killed := r.await(1, "worker killed with requests running", "pid", pidText(old))[0]
	assert.Equal(t, slog.LevelWarn, killed.level)
	assert.Equal(t, "50ms", killed.attrs["after"])
}

func TestStopHasOneDeadlineForAll(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	r.ready()
	r.hold() // for ever
	r.stop()
	receive(t, r.withdrawn, "the slots were not taken back")
	r.cut()
	require.NoError(t, r.wait())
	r.await(1, "worker killed with requests running")
}

func TestIdleWorkerEndsInGoodOrderAlsoAfterTheDeadline(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	r.ready()
	r.cut()
	r.stop()
	require.NoError(t, r.wait())
	assert.Equal(t, "exit status 0", r.await(1, "worker exited")[0].attrs["exit"])
}

// A crash is never below warn, also of a worker that is on its way out.
func TestWorkerThatCrashesWhileItDrains(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	old := r.ready()
	r.hold()
	r.stop()
	receive(t, r.withdrawn, "the slots were not taken back")
	killHard(t, old)
	assert.Equal(t, slog.LevelWarn, r.await(1, "worker exited")[0].level)
}

func TestWorkerThatFailsInItsLastFunctions(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "exit 7 when asked"))
	r.ready()
	r.stop()
	line := r.await(1, "worker exited")[0]
	assert.Equal(t, "exit status 7", line.attrs["exit"])
	assert.Equal(t, slog.LevelWarn, line.level)
}

func TestEndOfOneSlotReplacesNobody(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "closes its slot", "ready"))
	old := r.ready()
	_, err := old.Slots()[0].Receive(time.Now().Add(deadline))
	require.ErrorIs(t, err, ErrWorkerDied)
	assert.Empty(t, r.withdrawn, "it is for whoever uses the slot to say so")
	old.Retire(Broken, "the stream of a thread is broken")
	assert.Equal(t, old.ID(), r.ready().ID())
	r.await(1, "worker exited", "pid", pidText(old), "exit", "exit status 0")
}

func TestDrainRunsWhatTheApplicationDoesAtItsEnd(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "at_exit", "MARK="+mark))
	w := r.ready()
	assert.Equal(t, "hello", ask(t, w.Slots()[0], "GET", "/", ""))
	busy := r.hold()
	r.stop()
	assert.Same(t, w, receive(t, r.withdrawn, "the slots were not taken back"))
	assert.NoFileExists(t, mark)
	close(busy)
	require.NoError(t, r.wait())
	assert.FileExists(t, mark)
	line := r.await(1, "worker exited")[0]
	assert.Equal(t, slog.LevelInfo, line.level)
	assert.Equal(t, "exit status 0", line.attrs["exit"])
	assert.Equal(t, "1", line.attrs["requests"])
}

// stopped makes a worker do nothing more, without its end.
func stopped(t *testing.T, w *Worker) {
	t.Helper()
	require.NoError(t, syscall.Kill(w.PID(), syscall.SIGSTOP))
	if runtime.GOOS != "linux" {
		return
	}
	require.Eventually(t, func() bool { // the signal is only on its way when kill returns
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", w.PID()))
		require.NoError(t, err)
		for _, file := range threads {
			stat, err := os.ReadFile(file)
			if err == nil && !strings.Contains(string(stat), ") T ") {
				return false
			}
		}
		return true
	}, deadline, time.Millisecond)
}

func TestWorkerThatDoesNotDrainIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as an idle worker may take to exit")
	}
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "does not drain"))
	r.ready()
	r.stop()
	require.NoError(t, r.wait())
	r.await(1, "worker did not exit when asked")
	assert.Equal(t, "killed by SIGKILL", r.await(1, "worker exited")[0].attrs["exit"])
}

func TestNothingIsLeftAfterManyLives(t *testing.T) {
	r := startPool(t, config.Workers{Processes: 3, Threads: 2, BootTimeout: deadline}, grace, scriptProgram(t, "ready"))
	for i := range 12 {
		w := r.ready()
		if i%2 == 0 {
			killHard(t, w)
		} else {
			w.Retire(Broken, "its time has come")
		}
	}
	r.stop()
	require.NoError(t, r.wait())
	exits, _ := r.find("worker exited")
	ready, _ := r.find("worker ready")
	assert.Len(t, exits, len(ready), "each exit is one line")
}
