package workers

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// deadline is for whatever another process is to do. The machine may be busy with other tests.
const deadline = 30 * time.Second

// The test binary is a worker, too: one that is started with the name of a script commits the faults that Python does not.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-c" {
		os.Exit(playWorker(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// realPython is the interpreter behind python3, without the wrappers that version managers put in front of it.
var realPython = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	return strings.TrimSpace(string(out)), err
})

// pythonProgram runs an application of python/testdata/apps.
func pythonProgram(t *testing.T, spec string, env ...string) Program {
	t.Helper()
	path, err := realPython()
	if err != nil {
		t.Skip("there is no python3")
	}
	apps, err := filepath.Abs("../python/testdata/apps")
	require.NoError(t, err)
	return Program{
		Python: path, Dir: apps, Env: append([]string{"PYTHONDONTWRITEBYTECODE=1"}, env...),
		Boot: python.Boot{Spec: spec, Path: []string{apps}, Environ: map[string]any{"SCRIPT_NAME": ""}},
	}
}

// scriptProgram runs the test binary as workers: the first plays the first script, and so on; the last one is played again
// by all that follow.
func scriptProgram(t *testing.T, scripts ...string) Program {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return Program{
		Python: path,
		// The race detector would have each wait for a second at its end.
		Env:  append(os.Environ(), "GORACE=atexit_sleep_ms=0", scriptsKey+"="+strings.Join(scripts, "|"), turnsKey+"="+t.TempDir()),
		Boot: python.Boot{Environ: map[string]any{}},
	}
}

// cued adds to a program of scripts a FIFO for those that wait for a cue. Each cue is for one of them.
func cued(t *testing.T, program Program) (_ Program, cue func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cue")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	program.Env = append(program.Env, cueKey+"="+path)
	fifo, err := os.OpenFile(path, os.O_RDWR, 0) // for both, so that no open waits
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, fifo.Close()) })
	return program, func() {
		t.Helper()
		_, err := fifo.Write([]byte{0})
		require.NoError(t, err)
	}
}

func oneWorker() config.Workers { return several(1) }

func several(workers int) config.Workers {
	return config.Workers{Processes: workers, Threads: 1, BootTimeout: deadline}
}

// host lends nothing: it tells the test what it was offered, and what was taken back.
type host struct {
	offered   chan *Worker
	withdrawn chan *Worker

	mu   sync.Mutex
	busy chan struct{} // what the next Withdraw returns; nil: all slots are idle
}

func (h *host) Offer(w *Worker) { h.offered <- w }

func (h *host) Withdraw(w *Worker) <-chan struct{} {
	h.mu.Lock()
	idle := h.busy
	h.mu.Unlock()
	if idle == nil {
		idle = make(chan struct{})
		close(idle)
	}
	h.withdrawn <- w // at the end: whoever learns of it may hold the slots of the next one
	return idle
}

// hold makes the slots seem busy until the channel is closed.
func (h *host) hold() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = make(chan struct{})
	return h.busy
}

// running is a pool that runs.
type running struct {
	*host
	*logbook
	pool *Pool
	t    *testing.T
	stop context.CancelFunc
	cut  context.CancelFunc // ends the patience with requests that run
	end  chan error
}

// grace is how long requests of workers that are replaced may take, unless a test is about it.
const grace = deadline

// startPool runs a pool until the end of the test, and then holds it to its promise that nothing is left.
func startPool(t *testing.T, cfg config.Workers, grace time.Duration, program Program) *running {
	t.Helper()
	leavesNothing(t)
	h := &host{offered: make(chan *Worker, 64), withdrawn: make(chan *Worker, 64)}
	r := &running{host: h, logbook: newLogbook(t), t: t, end: make(chan error, 1)}
	var err error
	r.pool, err = New(cfg, grace, program, h, r.logger())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	drain, cut := context.WithCancel(context.WithoutCancel(t.Context()))
	r.cut = cut
	go func() { // ends by stop, or by itself
		r.end <- r.pool.Run(ctx, drain)
		close(r.end)
	}()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, r.wait())
		cut()
	})
	return r
}

// wait returns what Run returned; nil the second time.
func (r *running) wait() error {
	r.t.Helper()
	return receive(r.t, r.end, "the pool did not end")
}

// ready returns the next worker that is lent.
func (r *running) ready() *Worker {
	r.t.Helper()
	return receive(r.t, r.offered, "no worker became ready")
}

// receive takes a value from a channel, in time.
func receive[T any](t *testing.T, from <-chan T, complaint string) T {
	t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case v := <-from:
		return v
	case <-timer.C:
		require.FailNow(t, complaint)
		panic("not reached")
	}
}

// warm has the runtime open the descriptors that it opens once, for the first of all pipes.
var warm = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		_, _ = r.Close(), w.Close() // nothing was sent
	}
})

// leavesNothing compares what the process has now with what it has when the test is over.
func leavesNothing(t *testing.T) {
	t.Helper()
	warm()
	before := belongings(t)
	t.Cleanup(func() {
		if t.Failed() {
			return // whatever is left, it is not what went wrong
		}
		// A goroutine is counted until a moment after its last statement.
		after := belongings(t)
		for end := time.Now().Add(deadline); after.exceeds(before) && time.Now().Before(end); after = belongings(t) {
			runtime.Gosched()
		}
		assert.False(t, after.exceeds(before), "there is %+v, there was %+v", after, before)
	})
}

type counts struct{ goroutines, descriptors, children int }

func (c counts) exceeds(before counts) bool {
	return c.goroutines > before.goroutines || c.descriptors > before.descriptors || c.children > before.children
}

func belongings(t *testing.T) counts {
	c := counts{goroutines: runtime.NumGoroutine()}
	if runtime.GOOS != "linux" {
		return c
	}
	fds, err := os.ReadDir("/proc/self/fd")
	assert.NoError(t, err)
	c.descriptors = len(fds)
	files, err := filepath.Glob("/proc/self/task/*/children")
	assert.NoError(t, err)
	for _, file := range files {
		children, err := os.ReadFile(file)
		if err == nil { // the thread may have ended
			c.children += len(strings.Fields(string(children)))
		}
	}
	return c
}

func pidText(w *Worker) string { return strconv.Itoa(w.PID()) }
