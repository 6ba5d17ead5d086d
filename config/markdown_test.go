package config

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of settings into the README")

const (
	readme      = "../README.md"
	tableBegins = "<!-- options -->\n"
	tableEnds   = "<!-- /options -->"
)

// TestReadmeHasTheTableOfSettings: go test ./config -run Readme -update writes it.
func TestReadmeHasTheTableOfSettings(t *testing.T) {
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(text), tableBegins)
	table, after, ends := strings.Cut(rest, tableEnds)
	require.True(t, begins && ends, "the README has no %q and %q", tableBegins, tableEnds)
	if *update {
		text := before + tableBegins + Markdown() + tableEnds + after
		require.NoError(t, os.WriteFile(readme, []byte(text), 0o600))
		return
	}
	assert.Equal(t, Markdown(), table, "the README is out of date: go test ./config -run Readme -update")
}

func TestMarkdownHasOneRowForEachSetting(t *testing.T) {
	rows := strings.Split(strings.TrimSuffix(Markdown(), "\n"), "\n")
	require.Len(t, rows, len(Settings)+2)
	assert.Equal(t, "| `MODULE[:CALLABLE]` | `app` |  | the WSGI application; without it the demo application runs |", rows[2])
	assert.Contains(t, rows, "| `-w`, `--workers N` | `workers` | `0` | worker processes; 0 is as many as CPUs are allowed |")
	assert.Contains(t, rows, "| `--keep-alive TIME` | `keep_alive` | `1m15s` | keep idle connections this long; 0 is one request each |")
}
