package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFileThatIsFound(t *testing.T) {
	const project = "[project]\nname = 'shop'\n[tool.forebay]\nworkers = 2\n[tool.other]\nworkers = 'x'\n"
	cases := map[string]struct {
		files map[string]string
		named string
		file  string
		line  int
	}{
		"forebay.toml":                   {files: map[string]string{"forebay.toml": "workers = 2"}, file: "forebay.toml", line: 1},
		"pyproject.toml":                 {files: map[string]string{"pyproject.toml": project}, file: "pyproject.toml", line: 4},
		"forebay.toml beats pyproject":   {files: map[string]string{"forebay.toml": "\nworkers = 2", "pyproject.toml": project}, file: "forebay.toml", line: 2},
		"pyproject.toml that is named":   {files: map[string]string{"sub/pyproject.toml": project}, named: "sub/pyproject.toml", file: "sub/pyproject.toml", line: 4},
		"another name":                   {files: map[string]string{"forebay.toml": "workers = 9", "x.conf": "workers = 2"}, named: "x.conf", file: "x.conf", line: 1},
		"an inline table in pyproject":   {files: map[string]string{"pyproject.toml": "[tool]\n\nforebay = {workers = 2}"}, file: "pyproject.toml", line: 3},
		"beside a tool that has our key": {files: map[string]string{"pyproject.toml": "[tool.workers]\nx = 1\n[tool.forebay]\nworkers = 2"}, file: "pyproject.toml", line: 4},
		"dotted keys in pyproject":       {files: map[string]string{"pyproject.toml": "[tool]\nforebay.threads = 4\nforebay.workers = 2"}, file: "pyproject.toml", line: 3},
		"dotted keys at the top":         {files: map[string]string{"pyproject.toml": "tool.forebay.workers = 2"}, file: "pyproject.toml", line: 1},
		"a key in quotes":                {files: map[string]string{"forebay.toml": "# two\n\"workers\" = 2"}, file: "forebay.toml", line: 2},
		"lines that end as on Windows":   {files: map[string]string{"forebay.toml": "threads = 4\r\nworkers = 2\r\n"}, file: "forebay.toml", line: 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range c.files {
				writeFile(t, dir, file, text)
			}
			reading := mustRead(t, Sources{Dir: dir, File: c.named})
			assert.Equal(t, 2, reading.Config.Workers.Processes)
			assert.Equal(t, c.file, reading.File)
			assert.Equal(t, Origin{LayerFile, c.file, c.line}, reading.Origins["workers"])
		})
	}
}

func TestAProjectWithoutOurTableIsNoFile(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "pyproject.toml", "[tool.ruff]\nline-length = 100\n")
	reading := mustRead(t, Sources{Dir: dir})
	assert.Empty(t, reading.File)
	assert.Equal(t, []string{"pyproject.toml: there is no [tool.forebay] in it"},
		faultsOf(t, Sources{Dir: dir, File: "pyproject.toml"}))
}

func TestFileFaults(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"broken":                     {"workers = 2\nthreads = = 4\n", "forebay.toml:2: "},
		"a key twice":                {"workers = 2\nworkers = 3\n", "forebay.toml:2: "},
		"text in a number":           {"\nworkers = 'many'", `forebay.toml:2: workers: want a whole number, not "many"`},
		"a number in a text":         {"log_level = 3", "forebay.toml:1: log_level: want text in quotes, not 3"},
		"a fraction in a count":      {"workers = 2.5", `forebay.toml:1: workers: want a whole number, not "2.5"`},
		"truth in a number":          {"workers = true", "forebay.toml:1: workers: want a number or text in quotes, not true"},
		"a number in a switch":       {"preload = 1", "forebay.toml:1: preload: want true or false, not 1"},
		"a word in a switch":         {"preload = 'on'", `forebay.toml:1: preload: want true or false, not "on"`},
		"truth in a text":            {"name = true", "forebay.toml:1: name: want text in quotes, not true"},
		"an unknown choice":          {"\nretry = 'safe'", `forebay.toml:2: retry: want idempotent, never or always, not "safe"`},
		"gunicorn's hook":            {"post_fork = 'x'", "forebay.toml:1: post_fork: unknown key: it is a function in the file that --hooks names"},
		"an internal mapping":        {"[[x_accel_redirect]]\nprfix = '/a/'", `forebay.toml:1: x_accel_redirect: unknown key "prfix": did you mean prefix?`},
		"an array in a number":       {"workers = [1]", "forebay.toml:1: workers: want one value, not an array"},
		"a number in a list":         {"bind = [8000]", "forebay.toml:1: bind: want text in quotes, not 8000"},
		"a date":                     {"timeout = 2020-01-01", "forebay.toml:1: timeout: want a number or text in quotes"},
		"a decimal umask":            {"umask = 22", "forebay.toml:1: umask: want text in quotes, not 22"},
		"a dash in a key":            {"head-size = 1", "forebay.toml:1: head-size: unknown key: did you mean head_size?"},
		"a table":                    {"\n[proxy]\nhead_size = 1", "forebay.toml:2: proxy: unknown key"},
		"gunicorn's name":            {"keepalive = 5", "forebay.toml:1: keepalive: unknown key: it is called keep_alive here"},
		"static as text":             {"static = '/a/=b'", "forebay.toml:1: static: want [[static]]"},
		"static without directory":   {"[[static]]\nprefix = '/a/'", `forebay.toml:1: static: want a directory for the prefix "/a/"`},
		"static without prefix":      {"[[static]]\ndir = 'a'", "forebay.toml:1: static: want a prefix"},
		"a typo in the second entry": {"[[static]]\nprefix = '/a/'\ndir = '.'\n[[static]]\nprefx = '/b/'", `forebay.toml:4: static: unknown key "prefx"`},
		"= in a prefix":              {"[static]\n'/a=b/' = '.'", `forebay.toml:1: static: prefix "/a=b/": want one without "="`},
		"static that does not exist": {"\n[static]\n'/a/' = 'nowhere'", "nowhere: there is no such directory"},
		"static that is a file":      {"[static]\n'/a/' = 'forebay.toml'", "forebay.toml: want a directory"},
		"static entry of no table":   {"static = [1]", "forebay.toml:1: static: want a table with prefix and dir"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", c.text)
			faults := faultsOf(t, Sources{Dir: dir})
			require.Len(t, faults, 1)
			assert.Contains(t, faults[0], c.want)
			assert.True(t, strings.HasPrefix(faults[0], "forebay.toml:"), faults[0])
		})
	}
}

func TestSwitchesInAFile(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", "preload = true\ninterrupt = false\nreload = 'true'\n")
	config := mustRead(t, Sources{Dir: dir}).Config
	assert.True(t, config.Workers.Preload)
	assert.True(t, config.Workers.Reload)
	assert.False(t, config.Dispatch.Interrupt)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "gunicorn.conf.py", "workers = 2")
	writeFile(t, dir, "tool/pyproject.toml", "tool = 3")
	writeFile(t, dir, "table/pyproject.toml", "[tool]\nforebay = 3")
	writeFile(t, dir, "broken/pyproject.toml", "\n[tool.forebay\n")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "forebay.toml"), 0o750))
	cases := map[string]struct{ file, want string }{
		"missing":               {"none.toml", "none.toml: no such file or directory"},
		"of gunicorn":           {"gunicorn.conf.py", "gunicorn.conf.py: want a TOML file: the option for one of gunicorn's is --from-gunicorn"},
		"a directory":           {"", "forebay.toml: is a directory"},
		"tool is no table":      {"tool/pyproject.toml", "tool/pyproject.toml: tool: want a table"},
		"forebay is no table":   {"table/pyproject.toml", "table/pyproject.toml: tool.forebay: want a table"},
		"broken pyproject.toml": {"broken/pyproject.toml", "broken/pyproject.toml:2: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			faults := faultsOf(t, Sources{Dir: dir, File: c.file})
			require.Len(t, faults, 1)
			assert.Contains(t, faults[0], c.want)
		})
	}
}

func TestStaticForms(t *testing.T) {
	cases := map[string]string{
		"entries":         "[[static]]\nprefix = '/a/'\ndir = 'x'\n[[static]]\nprefix = '/b/'\ndir = 'y'\n",
		"a table":         "[static]\n'/b/' = 'y'\n'/a/' = 'x'\n",
		"an inline table": "static = {'/a/' = 'x', '/b/' = 'y'}\n",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", text)
			writeFile(t, dir, "x/f", "")
			writeFile(t, dir, "y/f", "")
			want := []Static{NewStatic("/a/", filepath.Join(dir, "x")), NewStatic("/b/", filepath.Join(dir, "y"))}
			assert.Equal(t, want, mustRead(t, Sources{Dir: dir}).Config.Proxy.Static)
		})
	}
	t.Run("one entry in single brackets", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, dir, "forebay.toml", "[static]\nprefix = '/a/'\ndir = '.'\n")
		assert.Equal(t, []Static{NewStatic("/a/", dir)}, mustRead(t, Sources{Dir: dir}).Config.Proxy.Static)
	})
}

// FuzzFile reads any document as both kinds of file. What comes out is either in order, or refused with a place in the file.
func FuzzFile(f *testing.F) {
	f.Add([]byte("workers = 2\n[[static]]\nprefix='/a/'\ndir='.'\n"))
	f.Add([]byte("[tool]\nforebay = {workers = 2, bind = ['x']}\n"))
	f.Add([]byte("[tool.forebay]\ntimeout = 1e300\nbody_size = '9EiB'\numask = 0o22\n"))
	f.Add([]byte("[[path]]\nprefix = '/a'\ntimeout = 5\n[[path]]\nslots = 'x'\n[path.reserve]\n"))
	f.Add([]byte("path = [{prefix = '/a', queue_size = 0}, {prefix = 3}, 4]\n"))
	f.Add([]byte("[[static]]\nprefix='/a/'\ndir='.'\nindex='x'\nheaders={a='b'}\ncache=[{match='*',value='x'}]\nhidden=1\n"))
	f.Add([]byte("static = {'' = ''}\nenv = ['=']\napp = '('\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, table := range [][]string{nil, projectTable} {
			source := file{name: "forebay.toml", dir: "/base"}
			if _, err := source.parse(text, table); err != nil {
				continue
			}
			all, faults := source.settings()
			reading := Reading{Config: Default(), Origins: map[string]Origin{}}
			faults = append(faults, reading.apply(layer{all, "/base", "/base"})...)
			faults = append(faults, reading.applyStatic(&source)...)
			faults = append(faults, reading.applyPaths(&source)...)
			for _, fault := range faults {
				assert.NotEmpty(t, fault.Text)
				if table == nil {
					assert.Positive(t, fault.Origin.Line, "%v", fault)
				}
			}
			if err := reading.Config.Validate(); err != nil {
				var invalid Faults
				require.ErrorAs(t, err, &invalid)
				assert.NotEmpty(t, invalid)
			}
		}
	})
}
