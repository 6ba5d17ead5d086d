package nginx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"forebay/config"
)

// FuzzMigrate: whatever stands in a file, what comes of it is in order, but for what is on another machine.
func FuzzMigrate(f *testing.F) {
	files, err := filepath.Glob("testdata/*.conf")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "include") {
			return // files of this machine are none of ours
		}
		tree, err := parseText("fuzzed.conf", text)
		if err != nil {
			return
		}
		draft, err := draftOf(tree, "fuzzed.conf", "", nil)
		if err != nil {
			return
		}
		toml := filepath.Join(dir, "forebay.toml")
		require.NoError(t, os.WriteFile(toml, draft.TOML(text), 0o600))
		_, err = config.Read(config.Sources{Dir: dir})
		var faults config.Faults
		if errors.As(err, &faults) {
			for _, fault := range faults {
				require.Contains(t, fault.Text, "there is no such directory", "%s", draft.TOML(""))
			}
		}
	})
}
