package python

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modulesOf returns the names and texts of the modules that lie in a directory.
func modulesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.py"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if base := filepath.Base(path); !strings.HasPrefix(base, "test_") {
			texts[strings.TrimSuffix(base, ".py")] = string(text)
		}
	}
	return texts
}

func TestSourcesAreAllModulesAndNoTests(t *testing.T) {
	want := map[string]any{}
	for _, dir := range []string{"worker/forebay", "demo"} {
		for name, text := range modulesOf(t, dir) {
			name, _ = strings.CutSuffix("forebay."+name, ".__init__")
			require.NotContains(t, want, name, "two files of one name")
			want[name] = text
		}
	}
	frame, err := SourcesFrame(false)
	require.NoError(t, err)
	got, ok := readControl(t, KindSources, frame).(map[string]any)
	require.True(t, ok)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	for name, text := range want {
		assert.Equal(t, text, got[name], name)
	}
	assert.Contains(t, got, "forebay")
	assert.Contains(t, got, "forebay.loop")
	module, _, _ := strings.Cut(DemoSpec, ":")
	assert.Contains(t, got, module)
}

func TestBootstrapIsTheProgram(t *testing.T) {
	text, err := os.ReadFile("worker/bootstrap.py")
	require.NoError(t, err)
	assert.Equal(t, string(text), Bootstrap())
	assert.NotContains(t, Bootstrap(), "\x00", "it is an argument of a process")
}

func TestDemoStaticHasTheFiles(t *testing.T) {
	var got, want []string
	list := func(to *[]string) fs.WalkDirFunc {
		return func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				*to = append(*to, path)
			}
			return err
		}
	}
	require.NoError(t, fs.WalkDir(DemoStatic(), ".", list(&got)))
	require.NoError(t, fs.WalkDir(os.DirFS("demo/static"), ".", list(&want)))
	assert.NotEmpty(t, got)
	assert.Equal(t, want, got)
}
