package config

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compiledSchema is Schema for a validator, which has looked at it by the rules of its own dialect.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	const name = "forebay.schema.json"
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(name, document))
	compiled, err := compiler.Compile(name)
	require.NoError(t, err)
	return compiled
}

// faultBySchema is what the schema has against a document of TOML.
func faultBySchema(t *testing.T, compiled *jsonschema.Schema, text string) error {
	t.Helper()
	var document map[string]any
	require.NoError(t, toml.Unmarshal([]byte(text), &document), text)
	return compiled.Validate(document)
}

func TestSchemaIsOfDraft7(t *testing.T) {
	assert.Equal(t, 7, compiledSchema(t).DraftVersion)
}

func TestSchemaKnowsEachKey(t *testing.T) {
	compiled := compiledSchema(t)
	check := func(where *jsonschema.Schema, keys []string) {
		var known []string
		for key, property := range where.Properties {
			known = append(known, key)
			assert.NotEmpty(t, property.Description, key)
		}
		assert.ElementsMatch(t, keys, known)
		assert.Equal(t, false, where.AdditionalProperties)
	}
	check(compiled, append(keysOf(Settings), tableKeys...))
	for _, table := range Tables() {
		var keys []string
		for _, key := range table.Keys {
			keys = append(keys, key.Key)
		}
		entries := compiled.Properties[table.Key]
		check(entries.Then.Ref, keys)
		assert.Same(t, entries.Then.Ref, entries.Items.(*jsonschema.Schema).Ref)
	}
}

func TestSchemaHasTheDefaults(t *testing.T) {
	for _, setting := range Settings {
		given := setting.schema().Default
		if given == nil {
			assert.Empty(t, setting.Value(Default()), setting.Key)
			continue
		}
		var c Config
		texts, err := setting.texts(asTOML(t, given))
		require.NoError(t, err, setting.Key)
		require.NoError(t, setting.set(&c, texts, "/base"), setting.Key)
		assert.Equal(t, setting.Value(Default()), setting.Value(c), setting.Key)
	}
}

// asTOML is a value as a document of TOML gives it.
func asTOML(t *testing.T, value any) any {
	t.Helper()
	text, err := toml.Marshal(map[string]any{"value": value})
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, toml.Unmarshal(text, &document))
	return document["value"]
}

// TestSchemaTakesWhatIsThere: all files and examples of the repository.
func TestSchemaTakesWhatIsThere(t *testing.T) {
	compiled := compiledSchema(t)
	texts := map[string]string{"paths of a test": paths}
	root := os.DirFS("..")
	require.NoError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".toml":
			return nil
		}
		text, err := fs.ReadFile(root, path)
		texts[path] = string(text)
		return err
	}))
	for _, known := range []string{"docker/k8s/forebay.toml", "docker/example/forebay.toml"} {
		assert.Contains(t, texts, known)
	}
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	for i, block := range strings.Split(string(text), "```toml\n")[1:] {
		example, _, _ := strings.Cut(block, "```")
		texts["example "+strconv.Itoa(i+1)+" of the README"] = example
	}
	for name, text := range texts {
		assert.NoError(t, faultBySchema(t, compiled, text), "%s\n%s", name, text)
	}
}

func TestSchemaRefuses(t *testing.T) {
	cases := map[string]string{
		"an unknown key":                 "wrokers = 2",
		"a dash in a key":                "head-size = 1",
		"an unknown table":               "[proxy]\nhead_size = 1",
		"an unknown key of a path":       "[[path]]\nprefix = '/a'\nworkers = 1",
		"an unknown key of a limit":      "[[limit]]\nname = 'x'\nrat = '1/s'",
		"an unknown key of static files": "[[static]]\nprefix = '/a/'\ndir = '.'\nprfix = '/b/'",
		"an option of static files":      "[[x_accel_redirect]]\nprefix = '/a/'\ndir = '.'\nautoindex = true",
		"a path without a prefix":        "[[path]]\nslots = 1",
		"a prefix without a slash":       "[[path]]\nprefix = 'a'",
		"a limit without a name":         "[[limit]]\nrate = '1/s'",
		"a rate without a time":          "[[limit]]\nname = 'x'\nrate = '100'",
		"a key that is none":             "[[limit]]\nname = 'x'\nrate = '1/s'\nkey = 'header'",
		"static files without a place":   "[[static]]\nprefix = '/a/'",
		"static files as text":           "static = '/a/=b'",
		"a rule of cache":                "[[static]]\nprefix = '/a/'\ndir = '.'\ncache = [{match = '*'}]",
		"a text that is no number":       "workers = 'many'",
		"too small a number":             "threads = 0",
		"too short a time":               "queue_timeout = 0",
		"too large a part":               "access_log_sample = 2",
		"a fraction":                     "workers = 2.5",
		"a number that is to be text":    "log_level = 3",
		"truth that is to be a number":   "workers = true",
		"a number that is to be truth":   "preload = 1",
		"a word that is to be truth":     "preload = 'on'",
		"a decimal umask":                "umask = 22",
		"a digit that is not octal":      "umask = '089'",
		"a unit that is none":            "body_size = '16X'",
		"a time of words":                "timeout = 'soon'",
		"an array of one":                "workers = [1]",
		"a number in a list":             "bind = [8000]",
		"an unknown choice":              "retry = 'safe'",
		"an unknown level":               "log_level = 'loud'",
		"a variable without a value":     "env = ['A']",
		"a date":                         "name = 2020-01-01",
	}
	compiled := compiledSchema(t)
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Error(t, faultBySchema(t, compiled, text))
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", text)
			assert.NotEmpty(t, faultsOf(t, Sources{Dir: dir}), "it is refused for nothing")
		})
	}
}

// someValues are what people write, and some things that they do not.
var someValues = []string{
	`0`, `1`, `-1`, `7`, `100`, `1000000`, `0.5`, `2.0`, `1e3`, `true`, `false`, `''`, `'0'`, `'1'`, `'-1'`, `'+7'`, `'022'`, `'0o27'`, `'1000'`, `'0.25'`, `'1.'`,
	`'.5'`, `'1e-3'`, `'64k'`, `'64 KiB'`, `'16MB'`, `'2gb'`, `'512B'`, `'30s'`, `'1m30s'`, `'1.5h'`, `'300µs'`, `'true'`, `'False'`, `'TRUE'`, `'debug'`, `'INFO'`,
	`'Warning'`, `'critical'`, `429`, `'allow'`, `'auto'`, `'text'`, `'json'`, `'never'`, `'strict'`, `'none'`, `'-'`, `'syslog:'`, `'$remote_addr'`, `'A=1'`, `'A=1,B=2'`, `'a,b'`, `'/a'`, `'/a/'`,
	`'/'`, `'unix:x'`, `':80'`, `'*'`, `'127.0.0.1'`, `'10.0.0.0/8'`, `'shop:app'`, `'5/min burst 10'`, `'20/10s'`, `' 1 / 2 day '`, `'address'`, `'header:X-A | address+path'`,
	`'cookie:a'`, `'GET'`, `'redis://a'`, `[]`, `['a', 'b']`, `['A=1', 'B=2,C']`, `['/a', '']`, `[1]`, `['GET', 'POST']`, `{}`, `{'/a/' = '.'}`, `{prefix = '/a/', dir = '.'}`, `[{prefix = '/a/', dir = '.'}]`,
	`[{prefix = '/a/', dir = '.', index = 'x', headers = {a = 'b'}, types = {x = 'a/b'}, extensions = ['.x'], hidden = true}]`,
}

// isRead says whether forebay takes a document that stands in dir.
func isRead(t *testing.T, text, dir string) bool {
	t.Helper()
	source := file{name: "forebay.toml", dir: dir}
	_, err := source.parse([]byte(text), nil)
	require.NoError(t, err, text)
	reading := Reading{Config: Default(), Origins: map[string]Origin{}}
	all, faults := source.settings()
	faults = append(faults, reading.apply(layer{all, source.dir, source.dir})...)
	faults = append(faults, reading.applyStatic(&source)...)
	faults = append(faults, reading.applyPaths(&source)...)
	faults = append(faults, reading.applyLimits(&source)...)
	return len(faults) == 0 && reading.Config.Validate() == nil
}

// TestSchemaTakesWhatIsRead: whatever forebay takes. What it refuses may pass where only more than a form tells that it is
// wrong.
func TestSchemaTakesWhatIsRead(t *testing.T) {
	compiled := compiledSchema(t)
	dir := t.TempDir()
	var never []string
	try := func(before string, settings []Setting) {
		for _, setting := range settings {
			taken := false
			for _, value := range someValues {
				text := before + setting.Key + " = " + value + "\n"
				fault := faultBySchema(t, compiled, text)
				if fault == nil && taken {
					continue // to read it takes long
				}
				if isRead(t, text, dir) {
					taken = true
					assert.NoError(t, fault, text)
				}
			}
			if !taken {
				never = append(never, setting.Key)
			}
		}
	}
	try("", Settings)
	try("[[path]]\nprefix = '/p'\n", pathSettings[1:])
	try("[[limit]]\nname = 'n'\n", limitSettings[1:3]) // rate and concurrent
	try("redis = 'redis://a'\n[[limit]]\nname = 'n'\nrate = '100/s'\n", limitSettings[3:])
	try("[[static]]\ndir = '.'\n", mappingKeys[:1])
	assert.Empty(t, never, "keys that no value was right for")
}
