package main_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	templateReady  = regexp.MustCompile(`INFO  template ready worker=template pid=(\d+) took=`)
	templateExited = regexp.MustCompile(`template exited worker=template pid=(\d+) exit=`)
	workerReady    = regexp.MustCompile(`DEBUG worker ready worker=\d+ pid=(\d+) `)
)

// preloads skips a test where nothing is forked.
func preloads(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("workers are forked on Linux only")
	}
}

// pids are those that a line of the log, with one group for it, has told so far.
func (s *server) pids(line *regexp.Regexp) []int {
	s.t.Helper()
	var pids []int
	for _, match := range line.FindAllStringSubmatch(s.Stderr.String(), -1) {
		pid, err := strconv.Atoi(match[1])
		require.NoError(s.t, err)
		pids = append(pids, pid)
	}
	return pids
}

// killNth kills the process of the n-th such line, from 1, when it has been written.
func (s *server) killNth(n int, line *regexp.Regexp) {
	s.t.Helper()
	s.Stderr.AwaitCount(s.t, n, line)
	require.NoError(s.t, syscall.Kill(s.pids(line)[n-1], syscall.SIGKILL))
}

func TestPreloadLosesNothing(t *testing.T) {
	preloads(t)
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "--preload", "--max-requests", "80", "--log-level", "debug")...)
	c := gather(t, s, app.journal(), false)
	for n := 1; n <= 3; n++ {
		c.meets(fmt.Sprint(n))
		s.Stderr.AwaitCount(t, 2*n, recycled)
		app.release(fmt.Sprint(n + 1))
		s.reload(n)
	}
	c.meets("4")

	app.write("RELEASE = (\n")
	said := s.refusal(1)
	assert.Contains(t, said, "release.py\", line 1")
	assert.Contains(t, said, "SyntaxError")
	assert.Len(t, s.pids(templateReady), 4)
	s.Stderr.AwaitCount(t, len(recycled.FindAllString(s.Stderr.String(), -1))+2, recycled) // from the old template
	c.meets("4")

	app.release("4")
	s.killNth(4, templateReady)
	s.Stderr.AwaitCount(t, 5, templateReady)
	s.Stderr.AwaitCount(t, len(recycled.FindAllString(s.Stderr.String(), -1))+2, recycled)
	c.goHome()
	s.Tracebacks = 1
	s.Stop()
	assert.Len(t, s.pids(templateExited), 5)
	assert.Equal(t, 1, strings.Count(s.Stderr.String(), "WARN"), "that the template was killed")
	for pid := range c.pids {
		assert.Contains(t, s.Stderr.String(), " pid="+pid+` exit="exit status 0"`, "each was waited for")
	}
}

// Templates and workers are killed, and the application is reloaded, all at once.
func TestPreloadWithKillsEverywhere(t *testing.T) {
	preloads(t)
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "--preload")...)
	c := gather(t, s, app.journal(), true)
	for n := 1; n <= 3; n++ {
		for range 20 { // what is run again after one kill is answered before the next: nothing is run a third time
			c.meets(fmt.Sprint(n))
		}
		app.release(fmt.Sprint(n + 1))
		s.Signal(syscall.SIGHUP)
		for _, pid := range s.Processes() {
			if pid != s.PID {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		}
		s.Stderr.AwaitCount(t, n, reloaded)
	}
	c.meets("4")
	c.goHome()
	s.Stop()
}

// Each of the two programs has a template of its own.
func TestUpgradesWithPreloadLoseNothing(t *testing.T) {
	preloads(t)
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2", "--preload")...)
	c := gather(t, s, app.journal(), false)
	c.meets("1")
	pid := s.PID
	for n := 1; n <= 2; n++ {
		release := fmt.Sprint(n + 1)
		app.release(release)
		pid = s.upgrade(pid, n)
		c.meets(release)
	}
	s.left()
	c.goHome()
	s.end(pid)
	assert.NotContains(t, s.Stderr.String(), "WARN")
}

// What is forked comes back in milliseconds, where an import takes its time.
func TestPreloadedWorkerComesBackAtOnce(t *testing.T) {
	preloads(t)
	app := newCounting(t)
	app.write("import time\ntime.sleep(1)\nRELEASE = '1'\n") // the import of an application of some size
	s := startForebay(t, app.quiet("-w", "1", "--threads", "2", "--preload", "--log-level", "debug")...)
	took := time.Hour
	for n := 1; n <= 5; n++ {
		s.Stderr.AwaitCount(t, n, workerReady)
		require.Eventually(t, func() bool { return s.age(s.pids(workerReady)[n-1]) > time.Second }, startDeadline, 10*time.Millisecond,
			"else it would have to wait as one that dies again and again")
		began := time.Now()
		s.killNth(n, workerReady)
		s.Stderr.AwaitCount(t, n+1, workerReady)
		took = min(took, time.Since(began))
	}
	t.Logf("from kill -9 to ready again: %v at best", took.Round(100*time.Microsecond))
	assert.Less(t, took, 500*time.Millisecond)
	s.Stop()
}

// age is how long ago a process was started.
func (s *server) age(pid int) time.Duration {
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	require.NoError(s.t, err)
	return time.Since(info.ModTime())
}

func TestNoPythonOutlivesAMasterThatPreloadsAndIsKilled(t *testing.T) {
	preloads(t)
	t.Run("with a thread that keeps the GIL", func(t *testing.T) {
		s := startForebay(t, "-w", "2", "--threads", "1", "--preload", "--chdir", apps, "stuck")
		begin(s.URL + "/gil")
		s.Stderr.Await(t, regexp.MustCompile(`stuck in gil`))
		s.Signal(syscall.SIGKILL)
		assert.Equal(t, -1, s.Wait())
		s.gone()
	})
	t.Run("within the import", func(t *testing.T) {
		st := newStage(t)
		s := start(t, nil, "-b", "127.0.0.1:0", "-w", "1", "--preload", "--chdir", apps, "-e", st.env(), "imports_forever")
		st.enter()
		s.Signal(syscall.SIGKILL)
		assert.Equal(t, -1, s.Wait())
		s.gone()
	})
	t.Run("without a template", func(t *testing.T) {
		app := newCounting(t)
		s := startForebay(t, app.quiet("-w", "2", "--preload", "--log-level", "debug")...)
		s.Stderr.AwaitCount(t, 2, workerReady) // else it would be a worker that waits for the next template
		app.write("RELEASE = (\n")
		s.killNth(1, templateReady)
		s.Stderr.AwaitCount(t, 1, regexp.MustCompile(`ERROR worker not started worker=template .*\n`))
		assert.Equal(t, reply{200, "done ", nil}, await(t, begin(s.URL)))
		s.Signal(syscall.SIGKILL)
		assert.Equal(t, -1, s.Wait())
		s.gone()
	})
}

func TestPreloadedApplicationThatDoesNotLoad(t *testing.T) {
	preloads(t)
	out, err := forebayCommand(t, "-b", "127.0.0.1:0", "-w", "3", "--preload", "--chdir", apps, "missing_import").CombinedOutput()
	require.Error(t, err)
	assert.Regexp(t, `(?s)forebay: the application could not be loaded:\nTraceback .*missing_import.py", line 3.*ModuleNotFoundError: [^\n]*\n+$`, string(out))
	assert.Equal(t, 1, strings.Count(string(out), "Traceback"))
}

func TestPreloadAsAnotherUser(t *testing.T) {
	preloads(t)
	python, dir := forAnotherUser(t)
	s := startForebay(t, "-u", "nobody", "-w", "1", "--preload", "--python", python, "--chdir", dir, "tells")
	f := tells(t, s)
	assert.NotZero(t, f.UID)
	assert.NotContains(t, f.Groups, 0)
	require.NoError(t, syscall.Kill(f.PID, syscall.SIGKILL))
	s.Stderr.Await(t, regexp.MustCompile(`worker exited`))
	next := tells(t, s)
	assert.Equal(t, f.UID, next.UID)
	s.Signal(syscall.SIGKILL) // which the kernel tells also who may not signal us
	assert.Equal(t, -1, s.Wait())
	s.gone()
}

// On each Python that this machine has.
func TestPreloadOnEveryPython(t *testing.T) {
	preloads(t)
	for version, path := range pythons(t) {
		t.Run(version, func(t *testing.T) {
			if strings.HasSuffix(version, "t") {
				out, err := forebayCommand(t, "-b", "127.0.0.1:0", "--python", path, "--preload", "--chdir", apps, "hello").CombinedOutput()
				require.Error(t, err)
				assert.Contains(t, string(out), "preload forks workers")
				return
			}
			s := startForebay(t, "--python", path, "--chdir", "testdata", "-w", "2", "--threads", "2", "--preload",
				"-e", "PYTHONDONTWRITEBYTECODE=1", "tiny")
			b := newBrowser(t, s.URL)
			assert.Equal(t, version, b.get(t, "/version").Body)
			body := strings.Repeat("forebay\n", 100_000) // in a file
			assert.Equal(t, body, b.do(t, http.MethodPost, "/echo", map[string]string{"Content-Type": "text/x"}, strings.NewReader(body)).Body)
			s.Stop()
		})
	}
}

// The reason for preload: what it saves of the memory of a Django that has served requests.
func TestPreloadSavesMemory(t *testing.T) {
	preloads(t)
	for version, python := range outermost(venvs(t)) {
		t.Run(version, func(t *testing.T) {
			data := t.TempDir()
			prepareDjango(t, python, data)
			sizes := map[bool]int{}
			for _, preload := range []bool{false, true} {
				s := startForebay(t, "--python", python, "--chdir", "testdata/django", "-w", "4", "--threads", "2",
					fmt.Sprintf("--preload=%v", preload), "--access-logfile", "", "--log-level", "debug",
					"-e", "MYSITE_DATA="+data, "-e", "PYTHONDONTWRITEBYTECODE=1", "mysite.wsgi")
				s.Stderr.AwaitCount(t, 4, workerReady)
				visitMany(t, s.URL+"/admin/login/")
				processes := childrenOf(t, s.PID, "")
				require.Len(t, processes, map[bool]int{false: 4, true: 5}[preload])
				for _, pid := range processes {
					sizes[preload] += proportionalSize(t, pid)
				}
				s.Stop()
			}
			saved := 100 - 100*sizes[true]/sizes[false]
			t.Logf("PSS of 4 workers of Django: %d MiB; with preload, and with the template: %d MiB, which is %d %% less",
				sizes[false]>>10, sizes[true]>>10, saved)
			assert.GreaterOrEqual(t, saved, 30) // a third and more, and less on a machine that has swapped or merged pages
		})
	}
}

// visitMany has all threads of eight at work.
func visitMany(t *testing.T, url string) {
	t.Helper()
	var visitors sync.WaitGroup
	for range 8 {
		visitors.Go(func() {
			for range 12 {
				resp, err := http.Get(url) //nolint:gosec,noctx // of a server that the test started, and that answers or ends
				if assert.NoError(t, err) {
					assert.Equal(t, http.StatusOK, resp.StatusCode)
					_ = resp.Body.Close() // what it says does not matter
				}
			}
		})
	}
	visitors.Wait()
}

// proportionalSize is a process's part of the memory that it shares, with all that it does not share, in KiB.
func proportionalSize(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	require.NoError(t, err)
	match := regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB$`).FindSubmatch(text)
	require.NotNil(t, match, "%s", text)
	size, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	return size
}
