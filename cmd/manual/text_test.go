package manual

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of signals and exit codes into the README")

const readme = "../../README.md"

// TestReadmeHasTheTables: go test ./cmd/manual -run Readme -update writes them.
func TestReadmeHasTheTables(t *testing.T) {
	tables := map[string]string{
		"signals":    "| signal | effect |\n|---|---|\n" + markdownRows(Signals),
		"exit codes": "| exit code | meaning |\n|---|---|\n" + markdownRows(Exits),
	}
	for name, want := range tables {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(readme)
			require.NoError(t, err)
			begins, ends := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
			before, rest, begun := strings.Cut(string(text), begins)
			table, after, ended := strings.Cut(rest, ends)
			require.True(t, begun && ended, "the README has no %q and %q", begins, ends)
			if *update {
				require.NoError(t, os.WriteFile(readme, []byte(before+begins+want+ends+after), 0o600))
				return
			}
			assert.Equal(t, want, table, "the README is out of date: go test ./cmd/manual -run Readme -update")
		})
	}
}

func markdownRows(rows []Row) string {
	var text strings.Builder
	for _, row := range rows {
		text.WriteString("| " + row.Name + " | " + row.Text + " |\n")
	}
	return text.String()
}
