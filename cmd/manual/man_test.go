package manual

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestManKnowsEachOptionAndKey(t *testing.T) {
	page := Man("v1.2.3")
	assert.True(t, strings.HasPrefix(page, `.TH FOREBAY 1 "" "forebay v1.2.3"`))
	for _, command := range Commands {
		assert.Contains(t, page, "\n"+bold(command.Name), command.Name)
		for _, option := range command.All() {
			assert.Contains(t, page, "\n"+option.roff()+"\n", option.Long)
		}
	}
	for _, setting := range config.Settings {
		if setting.Flag != "" {
			assert.Contains(t, page, "\n.SS "+setting.Group+"\n")
			assert.Contains(t, page, "\n"+optionOf(setting).roff()+"\n")
		}
	}
	for _, table := range config.Tables() {
		for _, key := range table.Keys {
			assert.Contains(t, page, "\n"+bold(key.Key)+" = ", table.Key)
		}
	}
	for _, row := range append(append(Signals[:0:0], Signals...), Exits...) {
		assert.Contains(t, page, "\n"+bold(row.Name)+"\n")
	}
}

func TestManIsPlain(t *testing.T) {
	for line := range strings.Lines(Man("dev")) {
		assert.False(t, strings.ContainsFunc(line, func(r rune) bool { return r > unicode.MaxASCII }), line)
		assert.NotContains(t, line, "`")
	}
}

// TestManIsWellFormed asks the programs that read such pages: mandoc on BSD and macOS, groff on Linux.
func TestManIsWellFormed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "forebay.1")
	require.NoError(t, os.WriteFile(path, []byte(Man("v1.2.3")), 0o600))
	programs := map[string][]string{
		"mandoc": {"-T", "lint", path},
		"groff":  {"-man", "-ww", "-z", "-Tutf8", path},
	}
	for program, args := range programs {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed", program)
			}
			said, _ := exec.CommandContext(t.Context(), program, args...).CombinedOutput() // lint's exit code is that of what it says
			for line := range strings.Lines(string(said)) {
				// It has none, so that it is the same whenever it is made.
				assert.Contains(t, line, "missing date", "%s", said)
			}
		})
	}
}

func TestRoffKeepsWhatIsTyped(t *testing.T) {
	var r roff
	r.paragraph(".venv is a directory, `--no-x 'a'` an option")
	r.example(`.\run`)
	assert.Equal(t, ".PP\n\\&.venv is a directory, \\fB\\-\\-no\\-x \\(aqa\\(aq\\fR an option\n"+
		".PP\n.RS\n.nf\n\\fB.\\erun\\fR\n.fi\n.RE\n", r.text.String())
}

func TestRoffBreaksLines(t *testing.T) {
	var r roff
	r.paragraph(strings.Repeat("word ", 40) + ". end")
	for line := range strings.Lines(r.text.String()) {
		assert.LessOrEqual(t, len(line), longestLine+1)
	}
}
