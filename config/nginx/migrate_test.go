package nginx

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

var update = flag.Bool("update", false, "write what comes of the files in testdata beside them")

// planted copies testdata into a directory in which what is below /srv in it exists, and returns the directory.
func planted(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	ours := os.DirFS("testdata")
	require.NoError(t, fs.WalkDir(ours, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".toml" {
			return err
		}
		text, err := fs.ReadFile(ours, path)
		require.NoError(t, err)
		return write(filepath.Join(root, path), strings.ReplaceAll(string(text), "/srv/", root+"/srv/"))
	}))
	return root
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

var directory = regexp.MustCompile(`(?m)^dir = "(.*)"$`)

// TestFilesInTheStyleOfProjects: each file in testdata is like one that is in use somewhere, and beside it stands what
// comes of it, which is in order.
func TestFilesInTheStyleOfProjects(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 12)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".conf")
		t.Run(name, func(t *testing.T) {
			root := planted(t)
			draft, err := Migrate(filepath.Join(root, name+".conf"), "", nil)
			require.NoError(t, err)
			text := string(draft.TOML("made for a test"))
			assertInOrder(t, root, text)
			assertComplete(t, filepath.Join(root, name+".conf"), text)
			golden(t, filepath.Join("testdata", name+".toml"), strings.ReplaceAll(text, root, ""))
			again, err := Migrate(filepath.Join(root, name+".conf"), "", nil)
			require.NoError(t, err)
			assert.Equal(t, text, string(again.TOML("made for a test")), "it is the same each time")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if that is right: go test ./config/nginx -update")
}

// assertInOrder has config look at a file, also with what stands there as a comment for whoever wants it.
func assertInOrder(t *testing.T, root, text string) {
	t.Helper()
	for _, found := range directory.FindAllStringSubmatch(text, -1) {
		require.True(t, strings.HasPrefix(found[1], root), found[1])
		require.NoError(t, os.MkdirAll(found[1], 0o700))
	}
	settings, tables, _ := strings.Cut(text, "[[")
	awake := regexp.MustCompile(`(?m)^# ([a-z_]+ = .*)$`).ReplaceAllString(strings.TrimSuffix(settings, "# "), "$1")
	if tables != "" && !strings.HasSuffix(settings, "# ") {
		awake += "[[" + tables
	}
	for _, toml := range []string{text, awake} {
		for _, dir := range []string{"srv/log", "var/log/nginx"} {
			require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o700))
		}
		toml = strings.ReplaceAll(toml, `"/var/log/`, `"`+root+"/var/log/")
		require.NoError(t, os.WriteFile(filepath.Join(root, "forebay.toml"), []byte(toml), 0o600))
		_, err := config.Read(config.Sources{Dir: root})
		require.NoError(t, err, toml)
	}
}

// assertComplete looks for each directive: it is named with its line, or stands in a block that is.
func assertComplete(t *testing.T, path, text string) {
	t.Helper()
	parsed, err := parse(path)
	require.NoError(t, err)
	var look func(body []*directive)
	look = func(body []*directive) {
		for _, d := range body {
			mention := placeOf(d).String() + ": " + d.Directive
			if strings.Contains(text, mention) && (len(d.Block) == 0 || strings.Contains(text, fmt.Sprintf("%s {%d more}", describe(d), count(d)))) {
				continue
			}
			if assert.True(t, isFrame(d) || d.Directive == "upstream" || strings.Contains(text, mention), "%s is not accounted for", mention) {
				look(d.Block)
			}
		}
	}
	look(parsed.all)
}

func TestFilesThatCannotBeMigrated(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an open block":      {"server {\n listen 80;\n", `conf:2: unexpected end of file, expecting "}"`},
		"no semicolon":       {"server {\n listen 80\n}\n", `conf:2: directive "listen" is not terminated by ";"`},
		"too few arguments":  {"http {\n server {\n  listen;\n }\n}\n", `conf:3: invalid number of arguments in "listen" directive`},
		"a block too many":   {"server { }\n}\n", `conf:2: unexpected "}"`},
		"in the wrong place": {"http {\n listen 80;\n}\n", `conf:2: "listen" directive is not allowed here`},
		"two of them":        {"http {\n listen 80;\n server {\n listen;\n}\n}\n", "conf:2: \"listen\" directive is not allowed here\nconf:4: invalid number of arguments in \"listen\" directive"},
		"without a server":   {"events {}\nhttp {\n}\n", `conf: there is no server block in it`},
		"empty":              {"", `conf: there is no server block in it`},
		"includes itself":    {"include conf;\n", `conf: configs contain include cycle`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "conf")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			_, err := Migrate(path, "", nil)
			require.Error(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(err.Error(), path, "conf"))
		})
	}
	_, err := Migrate("/no/such/file", "", nil)
	var faults config.Faults
	require.ErrorAs(t, err, &faults)
	require.EqualError(t, err, "/no/such/file: no such file or directory")
	_, err = Migrate("testdata/old.conf", "other.example", nil)
	require.EqualError(t, err, "testdata/old.conf: no server block has the name other.example")
	require.NotErrorAs(t, err, new(config.Faults))
}
