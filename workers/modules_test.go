package workers

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// importing is a program of a module that the test writes, and what it was told of its files.
type importing struct {
	Program
	t    *testing.T
	told chan []string
}

func newImporting(t *testing.T, source string) *importing {
	t.Helper()
	p := &importing{Program: pythonProgram(t, "shop"), t: t, told: make(chan []string, 64)}
	p.Dir = t.TempDir()
	p.Boot.Path = []string{p.Dir}
	p.Imported = func(files []string) { p.told <- files }
	p.write("shop.py", source)
	return p
}

func (p *importing) write(name, source string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.Dir, name), []byte(source), 0o600))
}

// awaits waits until a file is told.
func (p *importing) awaits(name string) {
	p.t.Helper()
	path := filepath.Join(p.Dir, name)
	for told := false; !told; {
		for _, file := range receive(p.t, p.told, name+" is not told") {
			told = told || file == path
		}
	}
}

const importsLater = `
def application(environ, start_response):
    import later
    start_response("200 OK", [])
    return [b"imported"]
`

func TestModulesAreTold(t *testing.T) {
	p := newImporting(t, importsLater)
	p.write("later.py", "")
	r := startPool(t, oneWorker(), grace, p.Program)
	w := r.ready()
	p.awaits("shop.py")
	assert.Equal(t, "imported", ask(t, w.Slots()[0], "GET", "/", ""))
	p.awaits("later.py")
}

func TestModulesOfAnApplicationThatDoesNotLoadAreTold(t *testing.T) {
	p := newImporting(t, "import broken\n")
	p.write("broken.py", "x = (\n")
	r := startPool(t, oneWorker(), grace, p.Program)
	require.ErrorAs(t, r.wait(), new(*LoadError))
	files := receive(t, p.told, "nothing is told")
	assert.Subset(t, files, []string{filepath.Join(p.Dir, "shop.py"), filepath.Join(p.Dir, "broken.py")})
}

func TestDevelopersMayMendTheFirstStart(t *testing.T) {
	p := newImporting(t, "x = (\n")
	cfg := several(2)
	cfg.Reload = true
	r := startPool(t, cfg, grace, p.Program)
	line := r.await(1, "the application could not be loaded, it is tried again when a file changes")[0]
	assert.Contains(t, line.attrs["traceback"], "SyntaxError")
	require.ErrorAs(t, r.reloaded(r.reload(cfg, p.Program)), new(*LoadError), "nothing has changed")
	p.write("shop.py", importsLater)
	require.NoError(t, r.reloaded(r.reload(cfg, p.Program)))
	first := receive(t, r.pool.Ready(), "nobody says so")
	assert.Contains(t, []int{r.ready().PID(), r.ready().PID()}, first.PID)
}
