package config

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of settings into the README")

const readme = "../README.md"

// TestReadmeHasTheTablesOfSettings: go test ./config -run Readme -update writes them.
func TestReadmeHasTheTablesOfSettings(t *testing.T) {
	tables := map[string]func() string{"options": Markdown, "path": PathMarkdown, "static": StaticMarkdown, "limit": LimitMarkdown,
		"placeholders": PlaceholderMarkdown}
	for name, table := range tables {
		t.Run(name, func(t *testing.T) { checkTable(t, "<!-- "+name+" -->\n", table(), "<!-- /"+name+" -->") })
	}
}

// checkTable compares what stands between two marks in the README with what should stand there.
func checkTable(t *testing.T, begins, want, ends string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, begun := strings.Cut(string(text), begins)
	table, after, ended := strings.Cut(rest, ends)
	require.True(t, begun && ended, "the README has no %q and %q", begins, ends)
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(before+begins+want+ends+after), 0o600))
		return
	}
	assert.Equal(t, want, table, "the README is out of date: go test ./config -run Readme -update")
}

// TestReadmeExamplesAreRead: only the directories that they name are not here.
func TestReadmeExamplesAreRead(t *testing.T) {
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	blocks := strings.Split(string(text), "```toml\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		dir := t.TempDir()
		example, _, _ := strings.Cut(block, "```")
		writeFile(t, dir, "forebay.toml", example)
		_, err := Read(Sources{Dir: dir})
		var faults Faults
		errors.As(err, &faults)
		for _, fault := range faults {
			assert.Contains(t, fault.Text, "there is no such directory")
		}
	}
}

func TestMarkdownHasOneRowForEachSetting(t *testing.T) {
	rows := strings.Split(strings.TrimSuffix(Markdown(), "\n"), "\n")
	require.Len(t, rows, len(Settings)+2)
	assert.Equal(t, "| `MODULE[:CALLABLE]` | `app` |  | the WSGI application; without it the demo application runs |", rows[2])
	assert.Contains(t, rows, "| `-w`, `--workers N` | `workers` | `0` | worker processes; 0 is as many as CPUs are allowed |")
	assert.Contains(t, rows, "| `--keep-alive TIME` | `keep_alive` | `1m15s` | keep idle connections this long; 0 is one request each |")
	assert.Contains(t, rows, "| `--[no-]preload` | `preload` | `false` | import the application once, then fork the workers |")
}
