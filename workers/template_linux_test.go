package workers

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// preloading makes the test binary a process that reaps what it adopts, and returns what asks for n forked workers.
func preloading(t *testing.T, n int) config.Workers {
	t.Helper()
	adopting(t)
	cfg := several(n)
	cfg.Preload = true
	return cfg
}

// evaluating is an application that says when it is imported, and answers with what the expression in the query is.
const evaluating = `
import os, sys, signal
print("imported", flush=True)
template = os.getpid()
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(eval(environ["RAW_URI"].partition("?")[2])).encode()]
`

// written is a program that runs a module of this text, and the path of the module.
func written(t *testing.T, source string) (Program, string) {
	t.Helper()
	dir := t.TempDir()
	program := pythonProgram(t, "shop:app")
	program.Dir, program.Boot.Path = dir, []string{dir}
	path := filepath.Join(dir, "shop.py")
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	return program, path
}

func evaluate(t *testing.T, w *Worker, expression string) string {
	t.Helper()
	return ask(t, w.Slots()[0], "GET", "/?"+strings.ReplaceAll(expression, " ", ""), "")
}

func TestPreloadForksWorkers(t *testing.T) {
	cfg := preloading(t, 3)
	cfg.Threads = 100 // more descriptors than go in one message
	program, _ := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	workers := []*Worker{r.ready(), r.ready(), r.ready()}
	template := r.await(1, "template ready")[0].attrs["pid"]
	for _, w := range workers {
		assert.Equal(t, "("+template+","+strconv.Itoa(os.Getpid())+","+pidText(w)+")",
			strings.ReplaceAll(evaluate(t, w, "(template,os.getppid(),os.getpid())"), " ", ""))
		assert.Equal(t, "['shop:app']", evaluate(t, w, "sys.argv"))
		assert.Equal(t, strconv.Itoa(w.ID()), evaluate(t, w, "environ['forebay.worker']"))
		assert.Equal(t, w.PID(), w.Python().PID)
		for _, slot := range w.Slots() {
			assert.Equal(t, pidText(w), ask(t, slot, "GET", "/?os.getpid()", ""))
		}
		assert.Equal(t, "2", evaluate(t, w, `os.write(1,b'x\n')`))
		r.await(1, "output", "worker", strconv.Itoa(w.ID()), "pid", pidText(w), "stream", "stdout", "line", "x")
	}
	lines, _ := r.find("output", "line", "imported")
	require.Len(t, lines, 1, "it is imported once")
	assert.Equal(t, "template", lines[0].attrs["worker"])
	r.stop()
	require.NoError(t, r.wait())
	assert.Len(t, r.await(3, "worker exited", "exit", "exit status 0"), 3)
	line := r.await(1, "template exited", "pid", template)[0]
	assert.Equal(t, slog.LevelInfo, line.level)
	assert.Equal(t, "exit status 0", line.attrs["exit"])
}

// Of a process that another one has forked everything is known that is known of our own.
func TestEndOfAForkedWorker(t *testing.T) {
	cases := map[string]struct{ expression, want string }{
		"exits":    {"os._exit(7)", "exit status 7"},
		"killed":   {"os.kill(os.getpid(),9)", "killed by SIGKILL"},
		"segfault": {"os.kill(os.getpid(),11)", "killed by SIGSEGV"},
	}
	cfg := preloading(t, 1)
	program, _ := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := r.ready()
			req := newRequest("GET", "/?"+c.expression, "")
			defer req.Release()
			require.NoError(t, w.Slots()[0].Send(req, time.Time{}))
			line := r.await(1, "worker exited", "pid", pidText(w))[0]
			assert.Equal(t, slog.LevelWarn, line.level)
			assert.True(t, strings.HasPrefix(line.attrs["exit"], c.want), line.attrs["exit"])
			assert.Equal(t, "/?"+c.expression, line.attrs["thread0.target"])
		})
	}
	r.ready()
	lines, _ := r.find("template ready")
	assert.Len(t, lines, 1, "all came from the same")
}

func TestTemplateThatDiesIsReplacedAndItsWorkersGoOn(t *testing.T) {
	cfg := preloading(t, 2)
	program, _ := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	first, second := r.ready(), r.ready()
	old := r.await(1, "template ready")[0].attrs["pid"]
	killPID(t, old)
	line := r.await(1, "template exited", "pid", old)[0]
	assert.Equal(t, slog.LevelWarn, line.level)
	assert.Equal(t, "killed by SIGKILL", line.attrs["exit"])
	next := r.await(2, "template ready")[1].attrs["pid"]
	for _, w := range []*Worker{first, second} {
		assert.Equal(t, old, evaluate(t, w, "template"))
		assert.Equal(t, Ready, w.State())
	}
	killHard(t, first)
	successor := r.ready()
	assert.Equal(t, next, evaluate(t, successor, "template"))
	assert.Equal(t, first.ID(), successor.ID())
	assert.Equal(t, Ready, second.State())
}

// While the application cannot be imported any more the workers go on, and no start of them takes the server down.
func TestTemplateThatCannotBeReplaced(t *testing.T) {
	cfg := preloading(t, 2)
	program, path := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	first, second := r.ready(), r.ready()
	require.NoError(t, os.WriteFile(path, []byte("raise RuntimeError('broken')\n"), 0o600))
	killPID(t, r.await(1, "template ready")[0].attrs["pid"])
	line := r.await(1, "worker not started", "worker", "template")[0]
	assert.Contains(t, line.attrs["traceback"], "RuntimeError: broken")
	killHard(t, first)
	r.await(1, "worker not started", "worker", strconv.Itoa(first.ID()))
	assert.Equal(t, "2", evaluate(t, second, "1+1"))

	require.NoError(t, os.WriteFile(path, []byte(evaluating), 0o600))
	assert.Equal(t, first.ID(), r.ready().ID(), "it heals by itself")
}

func TestFirstStartOfATemplateThatFails(t *testing.T) {
	cfg := preloading(t, 3)
	program, _ := written(t, "raise RuntimeError('no database')\n")
	r := startPool(t, cfg, grace, program)
	var load *LoadError
	require.ErrorAs(t, r.wait(), &load)
	assert.Contains(t, load.Traceback, "RuntimeError: no database")
}

func TestPreloadWithoutAPython(t *testing.T) {
	cfg := preloading(t, 1)
	r := startPool(t, cfg, grace, Program{Python: "/no/python", Boot: python.Boot{Environ: map[string]any{}}})
	assert.ErrorAs(t, r.wait(), new(*PythonError))
}

func TestReloadMakesANewTemplate(t *testing.T) {
	cfg := preloading(t, 2)
	program, path := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	r.ready()
	r.ready()
	old := r.await(1, "template ready")[0].attrs["pid"]

	require.NoError(t, os.WriteFile(path, []byte("def app(:\n"), 0o600))
	var load *LoadError
	require.ErrorAs(t, r.reloaded(r.reload(cfg, program)), &load)
	assert.Contains(t, load.Traceback, "SyntaxError")
	assert.Empty(t, r.withdrawn)
	lines, _ := r.find("template exited", "pid", old)
	assert.Empty(t, lines, "the old template is as it was")

	require.NoError(t, os.WriteFile(path, []byte(evaluating+"release = 2\n"), 0o600))
	require.NoError(t, r.reloaded(r.reload(cfg, program)))
	for range 2 {
		assert.Equal(t, "2", evaluate(t, r.ready(), "release"))
	}
	assert.Equal(t, "exit status 0", r.await(1, "template exited", "pid", old)[0].attrs["exit"])

	cfg.Preload = false // a reload may leave it
	require.NoError(t, r.reloaded(r.reload(cfg, program)))
	for range 2 {
		w := r.ready()
		assert.Equal(t, pidText(w), evaluate(t, w, "template"), "it has imported the application itself")
	}
	r.await(2, "template exited")
}

func TestRecycledWorkerIsForked(t *testing.T) {
	cfg := preloading(t, 1)
	cfg.MaxRequests = 2
	program, _ := written(t, evaluating)
	r := startPool(t, cfg, grace, program)
	old := r.ready()
	template := evaluate(t, old, "template")
	evaluate(t, old, "1")
	next := r.ready()
	assert.Equal(t, template, evaluate(t, next, "template"))
	r.await(1, "worker exited", "pid", pidText(old), "exit", "exit status 0")
}

func TestThreadsOfATemplateAreTold(t *testing.T) {
	cfg := preloading(t, 1)
	program, _ := written(t, evaluating+"import threading\n"+
		"for name in ('poller', 'flusher'): threading.Thread(target=threading.Event().wait, name=name, daemon=True).start()\n")
	r := startPool(t, cfg, grace, program)
	w := r.ready()
	line := r.await(1, "the application has started threads, which no worker will have; start them in post_fork")[0]
	assert.Equal(t, slog.LevelWarn, line.level)
	assert.Equal(t, "flusher, poller", line.attrs["threads"])
	assert.Equal(t, "2", evaluate(t, w, "1+1"))
}

func TestStopWhileATemplateStarts(t *testing.T) {
	cfg := preloading(t, 2)
	program, _ := written(t, "import threading\nprint('importing', flush=True)\nthreading.Event().wait()\n")
	r := startPool(t, cfg, grace, program)
	r.await(1, "output", "line", "importing")
	r.stop()
	require.NoError(t, r.wait())
	r.await(1, "template exited")
}

func TestTemplateThatIsNotReadyInTime(t *testing.T) {
	cfg := preloading(t, 1)
	cfg.BootTimeout = 50 * time.Millisecond // no template that plays the script is ready any time
	r := startPool(t, cfg, grace, scriptProgram(t, "silent"))
	assert.Contains(t, r.await(1, "worker not started")[0].attrs["error"], ErrBootTimeout.Error())
}

// What a template may do to whom it should fork. Each time it is killed, or has ended, and another one is made, which
// plays the second script.
func TestTemplateThatDoesNotFork(t *testing.T) {
	cases := map[string]string{
		"dies when asked":     "ended before it was ready: exit status 7",
		"answers READY again": "it answered with READY",
		"forked, no number":   "not the expected marshal data",
	}
	for script, want := range cases {
		t.Run(script, func(t *testing.T) {
			cfg := preloading(t, 1)
			r := startPool(t, cfg, grace, scriptProgram(t, script))
			assert.Contains(t, r.await(1, "worker not started", "worker", "1")[0].attrs["error"], want)
			r.await(1, "template exited")
			r.await(2, "template ready")
		})
	}
}

func TestForkThatIsRefused(t *testing.T) {
	cfg := preloading(t, 1)
	r := startPool(t, cfg, grace, scriptProgram(t, "refuses to fork"))
	lines := r.await(2, "worker not started", "worker", "1")
	assert.Contains(t, lines[0].attrs["error"], "fork a worker: no more processes")
	exits, _ := r.find("template exited")
	assert.Empty(t, exits, "it is not to blame")
}

// A template that is ready and dies at once is no reason to make templates without a pause.
func TestTemplatesThatDieAtOnceAreMadeWithAPause(t *testing.T) {
	cfg := preloading(t, 1)
	start := time.Now()
	r := startPool(t, cfg, grace, scriptProgram(t, "ready and dies"))
	r.await(4, "template exited")
	// The seat's waits and the template's go on at the same time, so one of the three may be no longer than the one before.
	assert.GreaterOrEqual(t, time.Since(start), leastWait(1)+leastWait(2))
}

func TestAnswerOfATemplateHasItsTime(t *testing.T) {
	ours, theirs, err := socketpair("control")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	sleep, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	require.NoError(t, err)
	tm := &template{
		process:  process{log: newLogbook(t).logger(), control: ours, handle: sleep, exited: make(chan struct{})},
		patience: 20 * time.Millisecond,
	}
	go tm.wait() // ends with sleep
	pid, err := tm.ask(python.AppendFrame(nil, python.KindFork, 0, nil), []*os.File{theirs})
	assert.Zero(t, pid)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	<-tm.exited
	assert.Equal(t, "killed by SIGKILL", tm.exit)
}

// The process may be gone before anybody has read why, and a child of the application's keep its end of the socket open.
func TestLastWordsOfATemplateAreHeard(t *testing.T) {
	ours, theirs, err := socketpair("control")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	gone, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	require.NoError(t, err)
	tm := &template{process: process{log: newLogbook(t).logger(), control: ours, handle: gone, exited: make(chan struct{})}}
	_, err = theirs.Write(python.AppendFrame(nil, python.KindFailed, 0, python.AppendValue(nil, python.Tuple{"no database"})))
	require.NoError(t, err)
	tm.wait()
	var load *LoadError
	_, err = tm.boot(nil, deadline)
	require.ErrorAs(t, err, &load)
	assert.Equal(t, "no database", load.Traceback)
	_, err = tm.boot(nil, deadline)
	assert.ErrorAs(t, err, new(*DiedError), "there is no more, although the other end is open")
}

// Somebody else's process may end while one is born; which of the two it is nobody knows before.
func TestBirthIsNotTakenForAStranger(t *testing.T) {
	book := adopting(t)
	handle, err := children.adopt(func() (int, error) {
		program, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 5"}, &os.ProcAttr{})
		if err != nil {
			return 0, err
		}
		assert.Eventually(t, func() bool { // it has ended, and the kernel has told who reaps
			status, err := os.ReadFile("/proc/" + strconv.Itoa(program.Pid) + "/stat")
			return err == nil && strings.Contains(string(status), ") Z ")
		}, deadline, time.Millisecond)
		reapStrangers(book.logger())
		return program.Pid, nil
	})
	require.NoError(t, err)
	t.Cleanup(func() { children.forget(handle.Pid) })
	state, err := handle.Wait()
	require.NoError(t, err)
	assert.Equal(t, "exit status 5", exitText(state))
}

func TestBirthThatFailsLeavesNobodyUnderDoubt(t *testing.T) {
	_, err := children.adopt(func() (int, error) { return 0, os.ErrPermission })
	require.ErrorIs(t, err, os.ErrPermission)
	children.mu.Lock()
	defer children.mu.Unlock()
	assert.False(t, children.has(os.Getpid()))
}
