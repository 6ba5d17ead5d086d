package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	filesChanged = regexp.MustCompile(`INFO  files changed files=(.*)\n`)
	modulesSeen  = regexp.MustCompile(`DEBUG modules are watched .*\n`)
)

// desk is an application that somebody works on while forebay runs it.
type desk struct {
	*server
	t       *testing.T
	dir     string
	changes int // files changed so far
}

const deskApp = `
import importlib, os
import views
here = os.path.dirname(os.path.abspath(__file__))
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    path = environ["PATH_INFO"]
    if path == "/lazy":
        return [importlib.import_module("lazy").TEXT.encode()]
    if path == "/pid":
        return [str(os.getpid()).encode()]
    return [views.TEXT.encode()]
`

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	d := &desk{t: t, dir: dir}
	d.write("app/shop.py", deskApp)
	d.write("app/views.py", `TEXT = "1"`)
	return d
}

func (d *desk) run(args ...string) {
	d.t.Helper()
	d.server = startForebay(d.t, d.args(args...)...)
}

func (d *desk) args(args ...string) []string {
	return append([]string{
		"--reload", "--chdir", filepath.Join(d.dir, "app"), "--access-logfile", "", "--log-level", "debug", "shop:app",
	}, args...)
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) write(name, text string) {
	d.t.Helper()
	require.NoError(d.t, os.MkdirAll(filepath.Dir(d.path(name)), 0o700))
	require.NoError(d.t, os.WriteFile(d.path(name), []byte(text), 0o600))
}

func (d *desk) rename(from, to string) {
	d.t.Helper()
	require.NoError(d.t, os.Rename(d.path(from), d.path(to)))
}

// changed waits until the latest change is known. Requests that come then wait for what comes of it.
func (d *desk) changed() {
	d.t.Helper()
	d.changes++
	d.Stderr.AwaitCount(d.t, d.changes, filesChanged)
}

func (d *desk) get(path string) string {
	d.t.Helper()
	r := await(d.t, begin(d.URL+path))
	require.NoError(d.t, r.err)
	require.Equal(d.t, http.StatusOK, r.status)
	return r.body
}

// comesTo waits until the application answers so: what is written bit by bit may be seen so.
func (d *desk) comesTo(want string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool { return d.get("/") == want }, startDeadline, 10*time.Millisecond)
}

func TestEditsAreSeenByTheNextRequest(t *testing.T) {
	d := newDesk(t)
	d.run()
	assert.Equal(t, "1", d.get("/"))

	d.write("app/views.py.new", `TEXT = "2"`) // as most editors do
	d.rename("app/views.py.new", "app/views.py")
	d.changed()
	assert.Equal(t, "2", d.get("/"))
	assert.Equal(t, "views.py", filesChanged.FindStringSubmatch(d.Stderr.String())[1])

	d.rename("app/views.py", "app/views.py~") // as Vim does
	d.write("app/views.py.new", `TEXT = "3"`)
	d.rename("app/views.py.new", "app/views.py")
	d.comesTo("3")

	d.write("app/views.py", `TEXT = "4"`)
	d.comesTo("4")
	d.Tracebacks = strings.Count(d.Stderr.String(), "Traceback (most") // while views.py was not there, or was empty
	d.Stop()
	assert.NotContains(t, d.Stderr.String(), "WARN")
}

func TestAnEditThatIsWrongLeavesTheLastGoodOne(t *testing.T) {
	d := newDesk(t)
	d.write("app/models.py", "")
	d.write("app/views.py", "import models\nTEXT = '1'")
	d.run()
	pid := d.get("/pid")
	d.write("app/new", "x = (\n")
	d.rename("app/new", "app/models.py")
	d.changed()
	assert.Equal(t, "1", d.get("/"), "it was held until that was known")
	assert.Equal(t, pid, d.get("/pid"))
	said := refused.FindString(d.Stderr.String())
	assert.Contains(t, said, "app/models.py\", line 1")
	assert.Contains(t, said, "SyntaxError")

	d.write("app/new", "import missing\n")
	d.rename("app/new", "app/models.py")
	d.changed()
	assert.Equal(t, "1", d.get("/"))
	d.write("new", "") // the module that is missing, whole at once
	d.rename("new", "app/missing.py")
	d.changed()
	assert.NotEqual(t, pid, d.get("/pid"))
	d.Tracebacks = 2
	d.Stop()
}

func TestManyFilesAtOnce(t *testing.T) {
	d := newDesk(t)
	text := func(n int) string { return strings.Repeat(fmt.Sprint(n), 40) }
	checkout := func(n int) {
		var imports []string
		for i := range 40 {
			d.write(fmt.Sprintf("app/m%d.py", i), fmt.Sprintf("TEXT = '%d'", n))
			imports = append(imports, fmt.Sprintf("__import__('m%d').TEXT", i))
		}
		d.write("app/views.py", "TEXT = "+strings.Join(imports, " + "))
	}
	checkout(1)
	d.run()
	require.Equal(t, text(1), d.get("/"))
	checkout(2)
	d.comesTo(text(2))
	checkout(3)
	d.comesTo(text(3))
	d.Tracebacks = strings.Count(d.Stderr.String(), "Traceback (most") // of half a file
	d.Stop()
}

// A directory beside that of the application: only the worker knows that its modules matter.
func TestModulesThatAViewImports(t *testing.T) {
	d := newDesk(t)
	d.write("lib/lazy.py", `TEXT = "lazy 1"`)
	d.run("--pythonpath", d.path("lib"))
	d.Stderr.AwaitCount(t, 1, modulesSeen)
	assert.Equal(t, "lazy 1", d.get("/lazy"))
	d.Stderr.AwaitCount(t, 2, modulesSeen)
	d.write("new", `TEXT = "lazy 2"`)
	d.rename("new", "lib/lazy.py")
	d.changed()
	assert.Equal(t, "lazy 2", d.get("/lazy"))
	assert.Contains(t, d.Stderr.String(), "files changed files="+d.path("lib/lazy.py"))
	d.Stop()
}

// The files that a failed import came through are only known by its traceback.
func TestModulesOfAFailedImport(t *testing.T) {
	d := newDesk(t)
	d.write("lib/deep.py", "x = (\n")
	d.write("app/views.py", "import deep\nTEXT = deep.TEXT")
	s := start(t, nil, d.args("-b", "127.0.0.1:0", "--pythonpath", d.path("lib"))...)
	d.server = s
	s.Stderr.Await(t, regexp.MustCompile(`ERROR the application could not be loaded, it is tried again when a file changes`))
	s.Stderr.Await(t, modulesSeen)
	assert.Contains(t, s.Stderr.String(), "SyntaxError")
	d.write("new", `TEXT = "healed"`)
	d.rename("new", "lib/deep.py")
	d.URL = d.awaitAddress()
	assert.Equal(t, "healed", d.get("/"))
	d.Tracebacks = 1
	d.Stop()
}

func TestStopBeforeTheFirstStartIsMended(t *testing.T) {
	d := newDesk(t)
	d.write("app/views.py", "x = (\n")
	s := start(t, nil, d.args("-b", "127.0.0.1:0")...)
	s.Stderr.Await(t, regexp.MustCompile(`ERROR the application could not be loaded`))
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	s.gone()
}

func TestTemplatesAndExtraFiles(t *testing.T) {
	d := newDesk(t)
	d.write("app/views.py", "import pathlib\nTEXT = ' '.join(p.read_text() for p in ("+
		"pathlib.Path('shop/templates/a.html'), pathlib.Path('../data/deep/b.yaml')))")
	d.write("app/shop/templates/a.html", "a1")
	d.write("data/deep/b.yaml", "b1")
	d.run("--reload-extra-file", d.path("data/**/*.yaml"))
	assert.Equal(t, "a1 b1", d.get("/"))
	d.write("new", "a2")
	d.rename("new", "app/shop/templates/a.html")
	d.changed()
	assert.Equal(t, "a2 b1", d.get("/"))
	d.write("new", "b2")
	d.rename("new", "data/deep/b.yaml")
	d.changed()
	assert.Equal(t, "a2 b2", d.get("/"))

	for _, name := range []string{"app/.#views.py", "app/views.py~", "app/__pycache__/x.py", "app/shop.db", "data/c.txt"} {
		d.write(name, "nothing that matters")
	}
	d.write("new", "a3")
	d.rename("new", "app/shop/templates/a.html")
	d.changed()
	assert.Equal(t, "a3 b2", d.get("/"))
	assert.Equal(t, 3, strings.Count(d.Stderr.String(), "files changed files="), "one for each that matters")
	assert.NotContains(t, d.Stderr.String(), "nothing")
	d.Stop()
}

func TestDevelopmentHasItsOwnDefaults(t *testing.T) {
	d := newDesk(t)
	d.run("--preload")
	assert.Len(t, d.Processes(), 2, "one worker, and no template of workers")
	d.Stderr.Await(t, regexp.MustCompile(`INFO  preload is left out, as reload starts workers anew`))
	d.Stop()
}

// The promise is 300 ms and the application's own import, of which there is hardly any here; and the machine may be busy.
func TestTimeFromSaveToAnswer(t *testing.T) {
	for version, python := range pythons(t) {
		t.Run(version, func(t *testing.T) {
			d := newDesk(t)
			d.run("--python", python)
			var times []time.Duration
			for n := range 3 {
				text := fmt.Sprintf("saved %d", n)
				d.write("new", fmt.Sprintf("TEXT = %q", text))
				began := time.Now()
				d.rename("new", "app/views.py")
				d.changed()
				require.Equal(t, text, d.get("/"))
				times = append(times, time.Since(began).Round(time.Millisecond))
			}
			t.Logf("from the save to the new answer: %v", times)
			d.Stop()
		})
	}
}
