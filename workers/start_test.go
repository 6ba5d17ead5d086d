package workers

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

func TestWorkersBecomeReady(t *testing.T) {
	r := startPool(t, config.Workers{Processes: 2, Threads: 3, BootTimeout: deadline}, grace, pythonProgram(t, "hello"))
	first, second := r.ready(), r.ready()
	assert.ElementsMatch(t, []int{1, 2}, []int{first.ID(), second.ID()})
	for _, w := range []*Worker{first, second} {
		assert.Equal(t, Ready, w.State())
		assert.Equal(t, w.PID(), w.Python().PID)
		assert.Equal(t, "CPython", w.Python().Implementation)
		require.Len(t, w.Slots(), 3)
		for i, slot := range w.Slots() {
			assert.Equal(t, i, slot.Index())
			assert.Same(t, w, slot.Worker())
			assert.Equal(t, "hello from /x", ask(t, slot, "GET", "/x", ""))
		}
	}
	said := receive(t, r.pool.Ready(), "what the first worker said is not there")
	assert.Contains(t, []int{first.PID(), second.PID()}, said.PID)
	assert.Empty(t, r.pool.Ready(), "it is said once")
}

func TestNativeCode(t *testing.T) {
	sources, err := python.SourcesFrame(true)
	require.NoError(t, err)
	for _, preload := range []bool{false, runtime.GOOS == "linux"} {
		for _, native := range []bool{false, true} {
			cfg := config.Workers{Processes: 1, Threads: 1, BootTimeout: deadline, Native: native, Preload: preload}
			r := startPool(t, cfg, grace, pythonProgram(t, "hello"))
			w := r.ready()
			assert.Equal(t, "hello from /x", ask(t, w.Slots()[0], "GET", "/x", ""))
			if !native {
				assert.Equal(t, "No module named 'forebay._native'", w.Python().NotNative)
				continue
			}
			if !bytes.Contains(sources, []byte("forebay._native")) {
				t.Skip("there was no C compiler for native code")
			}
			assert.Empty(t, w.Python().NotNative)
		}
	}
}

// The first start shows what will be wrong with every start.
func TestFirstStartThatFailsEndsRun(t *testing.T) {
	cases := map[string]struct{ spec, want string }{
		"no module":         {"no_such_module", "there is no module no_such_module"},
		"ImportError":       {"missing_import", "ModuleNotFoundError: No module named 'a_library_that_is_not_there'"},
		"SyntaxError":       {"syntax_error", "SyntaxError"},
		"missing attribute": {"no_application", "no callable application or app"},
		"no such attribute": {"hello:wsgi", "has no wsgi"},
		"not callable":      {"no_application:answer", "of type int and cannot be called"},
		"sys.exit":          {"exits_at_import", "SystemExit: SECRET_KEY is not set"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startPool(t, config.Workers{Processes: 2, Threads: 1, BootTimeout: deadline}, grace, pythonProgram(t, c.spec))
			var load *LoadError
			require.ErrorAs(t, r.wait(), &load)
			assert.Contains(t, load.Traceback, c.want)
			assert.Empty(t, r.offered)
		})
	}
}

func TestTracebackIsTheApplicationsOwn(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "missing_import"))
	var load *LoadError
	require.ErrorAs(t, r.wait(), &load)
	assert.True(t, strings.HasPrefix(load.Traceback, "Traceback (most recent call last):\n  File "), load.Traceback)
	assert.Contains(t, load.Traceback, "missing_import.py\", line 3")
	assert.NotContains(t, load.Traceback, "<forebay>")
}

func TestWhatIsNoPythonEndsRun(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte{0x7F, 'E', 'L', 'F', 0}, 0o755))
	cases := map[string]struct{ path, reason string }{
		"too old":        {program(t, filepath.Join(dir, "old"), `[ $# = 2 ] && echo 2 7 && exit 0; exit 1`), "it is Python 2.7"},
		"another thing":  {program(t, filepath.Join(dir, "thing"), `echo "usage: thing FILE"; exit 0`), "does not answer like Python"},
		"missing":        {filepath.Join(dir, "none"), "no such file"},
		"no program":     {garbage, "exec format error"},
		"not executable": {filepath.Join(dir, "plain"), "permission denied"},
	}
	require.NoError(t, os.WriteFile(cases["not executable"].path, nil, 0o644))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(c.reason, "exec format") && runtime.GOOS != "linux" {
				t.Skip("other systems say it otherwise")
			}
			r := startPool(t, oneWorker(), grace, Program{Python: c.path, Boot: python.Boot{Environ: map[string]any{}}})
			var unusable *PythonError
			require.ErrorAs(t, r.wait(), &unusable)
			assert.Equal(t, []string{c.path}, unusable.Tried)
			assert.Contains(t, unusable.Reason, c.reason)
		})
	}
}

func TestWorkerThatReadsMarshalOtherwiseIsRefused(t *testing.T) {
	for _, script := range []string{"other sample", "no marshal"} {
		t.Run(script, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, script))
			var load *LoadError
			require.ErrorAs(t, r.wait(), &load)
			assert.Contains(t, load.Traceback, "marshal")
		})
	}
}

func TestWorkerThatDoesNotStartIsStartedAgain(t *testing.T) {
	cases := map[string]string{
		"exit 7":          "ended before it was ready: exit status 7",
		"killed":          "ended before it was ready: killed by SIGKILL",
		"half and dead":   "ended before it was ready: exit status 0",
		"unknown kind":    "it answered with kind 77",
		"too long":        "more than 1048576",
		"failed, no text": "not the expected marshal data",
	}
	for script, want := range cases {
		t.Run(script, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, script, "ready"))
			r.ready()
			lines, _ := r.find("worker not started")
			require.Len(t, lines, 1)
			assert.Equal(t, slog.LevelError, lines[0].level)
			assert.Equal(t, "1", lines[0].attrs["worker"])
			assert.Contains(t, lines[0].attrs["error"], want)
		})
	}
}

func TestWorkerThatIsNotReadyInTime(t *testing.T) {
	for _, script := range []string{"silent", "half a frame"} {
		t.Run(script, func(t *testing.T) {
			cfg := oneWorker()
			cfg.BootTimeout = 50 * time.Millisecond // no worker that plays the script is ready any time
			r := startPool(t, cfg, grace, scriptProgram(t, script))
			lines := r.await(2, "worker not started")
			assert.Contains(t, lines[0].attrs["error"], ErrBootTimeout.Error())
		})
	}
}

func TestEachFailedStartWaitsLonger(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "exit 7"))
	for i, line := range r.await(4, "worker not started") {
		wait, err := time.ParseDuration(line.attrs["again_in"])
		require.NoError(t, err)
		assert.LessOrEqual(t, wait, backoff(i+1))
		assert.GreaterOrEqual(t, wait, leastWait(i+1)-time.Millisecond)
	}
}

// When one worker has been ready the application can be loaded: it may be the database that is away.
func TestLaterStartThatFailsToLoadIsTriedAgain(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready", "failed, stays", "ready"))
	killHard(t, r.ready())
	r.ready()
	line := r.await(1, "worker not started")[0]
	assert.Equal(t, "it did not load", line.attrs["traceback"])
}

func TestStopWithinAStart(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "silent"))
	r.await(0, "")
	r.stop()
	assert.NoError(t, r.wait())
	assert.Empty(t, r.offered)
}

// The sources are one piece of memory for all workers, with room behind it: what one is told must not lie there.
func TestOpeningLeavesTheSourcesAlone(t *testing.T) {
	sources := append(make([]byte, 0, 100), "sources"...)
	g := &generation{sources: sources}
	assert.Equal(t, "sourcesboot", string(g.opening([]byte("boot"))))
	assert.Equal(t, make([]byte, 93), sources[len(sources):cap(sources)])
}
