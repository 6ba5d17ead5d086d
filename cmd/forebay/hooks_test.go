package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shapes are hooks as gunicorn's users have them, and as the shorter form is.
const shapes = `
def post_fork(server, worker):
    worker.log.info("fork age=%d number=%d of %d, master %s, parent %s", worker.age, worker.number, server.num_workers, server.pid, worker.ppid)
def when_ready(server):
    server.log.info("ready, says %d", server.pid)
def worker_exit(worker):
    worker.log.info("exit age=%d", worker.age)
`

var forkAge = regexp.MustCompile(`\] INFO fork age=(\d+) number=\d of 2, master (\d+), parent (\d+)\n`)

func writeHooks(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gunicorn.conf.py")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestHooks(t *testing.T) {
	for _, preload := range []bool{false, true} {
		t.Run(fmt.Sprintf("preload %v", preload), func(t *testing.T) {
			if preload {
				preloads(t)
			}
			app := newCounting(t)
			s := startForebay(t, app.args("-w", "2", fmt.Sprintf("--preload=%v", preload), "--hooks", writeHooks(t, shapes))...)
			s.Stderr.AwaitCount(t, 2, forkAge)
			s.Stderr.Await(t, regexp.MustCompile(fmt.Sprintf(`\] INFO ready, says %d\n`, s.PID)))
			app.release("2")
			s.reload(1)
			s.Stderr.AwaitCount(t, 2, regexp.MustCompile(`INFO exit age=[12]\n`))
			s.Stop()
			s.Stderr.AwaitCount(t, 2, regexp.MustCompile(`INFO exit age=[34]\n`))
			assert.Equal(t, 1, strings.Count(s.Stderr.String(), "INFO ready, says"), "once in the life of the server")
			var ages []string
			for _, match := range forkAge.FindAllStringSubmatch(s.Stderr.String(), -1) {
				ages = append(ages, match[1])
				assert.Equal(t, []string{fmt.Sprint(s.PID), fmt.Sprint(s.PID)}, match[2:])
			}
			slices.Sort(ages)
			assert.Equal(t, []string{"1", "2", "3", "4"}, ages)
		})
	}
}

// A start goes wrong with its hook, as it does with its application.
func TestHookThatFails(t *testing.T) {
	for _, preload := range []string{"--no-preload", "--preload"} {
		t.Run(preload, func(t *testing.T) {
			if preload == "--preload" {
				preloads(t)
			}
			hooks := writeHooks(t, "def post_fork(worker):\n    raise RuntimeError('no tracer')\n")
			out, err := forebayCommand(t, "-b", "127.0.0.1:0", "-w", "2", preload, "--hooks", hooks, "--chdir", apps, "hello").CombinedOutput()
			require.Error(t, err)
			assert.Regexp(t, `(?s)forebay: the application could not be loaded:\nTraceback .*gunicorn.conf.py", line 2, in post_fork\n.*RuntimeError: no tracer\n+$`, string(out))

			app := newCounting(t)
			require.NoError(t, os.WriteFile(hooks, []byte(shapes), 0o600))
			s := startForebay(t, app.args("-w", "2", preload, "--hooks", hooks, "--log-level", "debug")...)
			s.Stderr.AwaitCount(t, 2, workerReady)
			require.NoError(t, os.WriteFile(hooks, []byte("def post_fork(worker): 1 / 0\n"), 0o600))
			assert.Contains(t, s.refusal(1), "ZeroDivisionError")
			assert.Equal(t, reply{200, "done ", nil}, await(t, begin(s.URL)))
			require.NoError(t, os.WriteFile(hooks, []byte("def post_fork(): pass\n"), 0o600))
			assert.Contains(t, s.refusal(2), "the hook post_fork() should be post_fork(worker) or (server, worker)")
			s.Tracebacks = 1
			s.Stop()
		})
	}
}

// What a fork leaves behind is what post_fork is for.
func TestThreadsAreStartedInPostFork(t *testing.T) {
	preloads(t)
	dir := t.TempDir()
	const app = `
import threading
def start():
    threading.Thread(target=threading.Event().wait, name="heart", daemon=True).start()
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"alive" if "heart" in [thread.name for thread in threading.enumerate()] else b"dead"]
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.py"), []byte(app), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "trap.py"), []byte("import shop\nfrom shop import app\nshop.start()\n"), 0o600))
	hooks := writeHooks(t, "def post_fork(worker):\n    import shop\n    shop.start()\n")
	s := startForebay(t, "-w", "1", "--preload", "--hooks", hooks, "--chdir", dir, "shop:app")
	assert.Equal(t, reply{200, "alive", nil}, await(t, begin(s.URL)))
	assert.NotContains(t, s.Stderr.String(), "has started threads")
	s.Stop()

	s = startForebay(t, "-w", "1", "--preload", "--chdir", dir, "trap:app")
	assert.Equal(t, reply{200, "dead", nil}, await(t, begin(s.URL)))
	s.Stderr.Await(t, regexp.MustCompile(`WARN  the application has started threads, which no worker will have; start them in post_fork worker=template pid=\d+ threads=heart\n`))
	s.Stop()
}
