package config

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachFieldOfAPathHasItsSetting(t *testing.T) {
	var fields, keys []string
	for field := range reflect.TypeFor[Path]().Fields() {
		fields = append(fields, field.Tag.Get("key"))
	}
	for _, setting := range pathSettings {
		keys = append(keys, setting.Key)
		assert.NotEmpty(t, setting.Metavar, setting.Key)
		assert.NotEmpty(t, setting.Help, setting.Key)
		assert.Empty(t, setting.Flag, setting.Key)
	}
	assert.ElementsMatch(t, fields, keys)
}

const paths = `# shop
workers = 2

[[path]]
prefix = "/report"
timeout = "5m"
slots = 2
queue_size = 20

[[path]]
body_size = "1GiB"
body_timeout = 7
body_min_rate = 0
queue_timeout = 2.5
reserve = 1
prefix = "/upload/"

[[path]]
prefix = "/upload/small"
`

func TestPathsOfAFile(t *testing.T) {
	inTable := strings.NewReplacer("[[path]]", "[[tool.forebay.path]]", "# shop", "[tool.forebay]").Replace(paths)
	for name, text := range map[string]string{"forebay.toml": paths, "pyproject.toml": inTable} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, name, text)
			reading := mustRead(t, Sources{Dir: dir})
			assert.Equal(t, []Path{
				{Prefix: "/report", Timeout: new(5 * time.Minute), QueueSize: new(20), Slots: 2},
				{
					Prefix: "/upload/", BodySize: new(int64(1 << 30)), BodyTimeout: new(7 * time.Second), BodyMinRate: new(int64(0)),
					QueueTimeout: new(2500 * time.Millisecond), Reserve: 1,
				},
				{Prefix: "/upload/small"},
			}, reading.Config.Paths)
			assert.Equal(t, 2, reading.Config.Workers.Processes)
			assert.Len(t, reading.Origins, 12)
			assert.Equal(t, Origin{LayerFile, name, 6}, reading.Origins[`path "/report": timeout`])
			assert.Equal(t, Origin{LayerFile, name, 15}, reading.Origins[`path "/upload/": reserve`])
			assert.Equal(t, Origin{LayerFile, name, 19}, reading.Origins[`path "/upload/small": prefix`])
		})
	}
}

func TestAPathSaysWhatItWasGiven(t *testing.T) {
	path := Path{Prefix: "/upload", BodySize: new(int64(1 << 30)), Timeout: new(time.Duration(0)), Slots: 3}
	assert.Equal(t, map[string]string{
		`path "/upload": prefix`: "/upload", `path "/upload": body_size`: "1GiB", `path "/upload": timeout`: "0s",
		`path "/upload": slots`: "3",
	}, maps.Collect(path.Said()))
	for key := range path.Said() {
		assert.Equal(t, `path "/upload": prefix`, key)
		break
	}
}

func TestPathFaults(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"no table": {"path = 3", []string{"forebay.toml:1: path: want [[path]] with a prefix and what differs for it"}},
		"an element that is no table": {
			"path = [\n{prefix = '/a'},\n3]", []string{"forebay.toml:1: path: want a table with a prefix and what differs for it, not 3"},
		},
		"no prefix": {
			"[[path]]\ntimeout = 5", []string{`forebay.toml:1: path "": prefix: want a path that begins with a slash, such as "/report", not ""`},
		},
		"no prefix, in single brackets": {
			"\n[path]\n", []string{`forebay.toml:2: path "": prefix: want a path that begins with a slash, such as "/report", not ""`},
		},
		"a prefix that is no text": {
			"[[path]]\ntimeout = 'x'\nprefix = 3", []string{
				`forebay.toml:2: path "": timeout: want a duration such as "30s", "1m30s" or a number of seconds, not "x"`,
				`forebay.toml:3: path "": prefix: want text in quotes, not 3`,
			},
		},
		"a prefix without a slash": {
			"[[path]]\nprefix = 'report'", []string{`forebay.toml:2: path "report": prefix: want a path that begins with a slash, such as "/report", not "report"`},
		},
		"a pattern": {
			"[[path]]\nprefix = '/report/*'", []string{`forebay.toml:2: path "/report/*": prefix: want a path without ?, # or *: it fits all that is below it`},
		},
		"an escape": {
			"[[path]]\nprefix = '/a%20b'", []string{`forebay.toml:2: path "/a%20b": prefix: want the path decoded: "/a b"`},
		},
		"a prefix twice": {
			"[[path]]\nprefix = '/a'\n\n[[path]]\nslots = 1\nprefix = '/a'\n", []string{`forebay.toml:6: path "/a": prefix: want each prefix once`},
		},
		"a mistyped key": {
			"[[path]]\nprefix = '/a'\n[[path]]\nprefix = '/b'\nbody_siez = 1\n", []string{`forebay.toml:5: path "/b": body_siez: unknown key: did you mean body_size?`},
		},
		"a dash in a key": {
			"[[path]]\nprefix = '/a'\nbody-size = 1\n", []string{`forebay.toml:3: path "/a": body-size: unknown key: did you mean body_size?`},
		},
		"a key for all": {
			"[[path]]\nprefix = '/a'\nworkers = 1\n",
			[]string{`forebay.toml:3: path "/a": workers: unknown key: it is not for single paths: what is for all requests stands above the first [[path]]`},
		},
		"a key of nobody": {
			"[[path]]\nprefix = '/a'\nproxy_pass = 1\n", []string{`forebay.toml:3: path "/a": proxy_pass: unknown key: ` +
				"a [[path]] has prefix, body_size, body_timeout, body_min_rate, timeout, queue_size, queue_timeout, slots, reserve"},
		},
		"a table in it": {
			"[[path]]\nprefix = '/a'\n[path.slots]\nx = 1\n", []string{`forebay.toml:3: path "/a": slots: want a number or text in quotes, not map[x:1]`},
		},
		"less than the least": {
			"[[path]]\nprefix = '/a'\nbody_timeout = 0\nqueue_size = 0\nslots = -1\nreserve = -1", []string{
				`forebay.toml:3: path "/a": body_timeout: want 1ms or more, not 0s`, `forebay.toml:4: path "/a": queue_size: want 1 or more, not 0`,
				`forebay.toml:5: path "/a": slots: want 0 or more, not -1`, `forebay.toml:6: path "/a": reserve: want 0 or more, not -1`,
			},
		},
		"more kept than may run": {
			"[[path]]\nprefix = '/a'\nslots = 1\nreserve = 2", []string{`forebay.toml:4: path "/a": reserve: want at most slots (1), not 2`},
		},
		"all threads kept": {
			"workers = 2\nthreads = 2\n[[path]]\nprefix = '/a'\nreserve = 2\n[[path]]\nprefix = '/b'\nreserve = 2",
			[]string{`forebay.toml:8: path "/b": reserve: want a thread left for other requests: 4 of 4 (workers × threads) are kept`},
		},
		"inline tables, placed by their array": {
			"\npath = [{prefix = '/a'},\n{prefix = '/b', slots = 'x'}]", []string{`forebay.toml:2: path "/b": slots: want a whole number, not "x"`},
		},
		"dotted keys": {
			"\npath.prefix = '/a'\npath.slots = 'x'", []string{`forebay.toml:2: path "/a": slots: want a whole number, not "x"`},
		},
		"called otherwise": {"[[paths]]\nprefix = '/a'", []string{"forebay.toml:1: paths: unknown key: did you mean path?"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", c.text)
			assert.Equal(t, c.want, faultsOf(t, Sources{Dir: dir}))
		})
	}
}

func TestPathsStandInFilesOnly(t *testing.T) {
	assert.Equal(t, []string{"FOREBAY_PATH: unknown variable: settings of a path prefix stand in a file, below [[path]]"},
		faultsOf(t, Sources{Dir: t.TempDir(), Environ: []string{"FOREBAY_PATH=/a"}}))
}

func TestAThreadIsLeftForOthers(t *testing.T) {
	config := Default()
	config.Workers.Processes, config.Workers.Threads = 1, 4
	config.Paths = []Path{{Prefix: "/a", Reserve: 1}, {Prefix: "/b", Reserve: 2}}
	require.NoError(t, config.Validate())
	config.Workers.Threads = 3
	assert.Error(t, config.Validate())
}
