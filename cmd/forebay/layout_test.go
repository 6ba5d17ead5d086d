package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modulePath = "forebay"

// importOrder: a package imports only what stands to its right, so there can be no cycle.
var importOrder = []string{"cmd", "proxy", "dispatch", "workers", "python", "config"}

// outside are folders that measure the whole from outside, or pack it, and may import whatever they need; nothing imports
// them.
var outside = []string{"bench", "docker"}

// goFile is a file of the module with what it imports of the module.
type goFile struct {
	path    string
	imports []string
}

// folder is the top-level folder of a slash-separated path.
func folder(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

// goFiles are all Go files below root.
func goFiles(t *testing.T, root string) []goFile {
	t.Helper()
	var files []goFile
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir // .git, and environments of Python
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		imports, err := moduleImports(filepath.Join(root, path))
		files = append(files, goFile{path, imports})
		return err
	}))
	return files
}

// moduleImports are the imports of one file that lie within the module, as paths below its root.
func moduleImports(file string) ([]string, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if within, ours := strings.CutPrefix(path, modulePath+"/"); ours {
			paths = append(paths, within)
		}
	}
	return paths, nil
}

// orderFaults are the imports that go against the order, and the files that stand outside of it.
func orderFaults(files []goFile) []string {
	var faults []string
	for _, file := range files {
		from := slices.Index(importOrder, folder(file.path))
		if from < 0 && !slices.Contains(outside, folder(file.path)) {
			faults = append(faults, file.path+" stands in no folder of the order")
		}
		for _, path := range file.imports {
			to := slices.Index(importOrder, folder(path))
			if to < from || to < 0 && folder(file.path) != folder(path) {
				faults = append(faults, fmt.Sprintf("%s imports %s", file.path, path))
			}
		}
	}
	return faults
}

func TestImportsFollowTheWayOfARequest(t *testing.T) {
	files := goFiles(t, filepath.Join("..", ".."))
	found := map[string]bool{}
	for _, file := range files {
		found[folder(file.path)] = true
	}
	for _, name := range importOrder {
		assert.True(t, found[name], "no Go file in %s: the test looks in the wrong place", name)
	}
	assert.Empty(t, orderFaults(files))
}

func TestImportsAgainstTheOrderAreFound(t *testing.T) {
	cases := map[string]struct {
		file goFile
		want []string
	}{
		"to the right":             {goFile{"cmd/forebay/a.go", []string{"proxy", "config"}}, nil},
		"in the same folder":       {goFile{"proxy/a.go", []string{"proxy/spool"}}, nil},
		"to the left":              {goFile{"python/frame/a.go", []string{"workers"}}, []string{"python/frame/a.go imports workers"}},
		"of cmd":                   {goFile{"proxy/a_test.go", []string{"cmd/forebay"}}, []string{"proxy/a_test.go imports cmd/forebay"}},
		"bench of anything":        {goFile{"bench/a.go", []string{"bench/load", "python"}}, nil},
		"of bench":                 {goFile{"cmd/a.go", []string{"bench"}}, []string{"cmd/a.go imports bench"}},
		"in a folder nobody knows": {goFile{"util/a.go", nil}, []string{"util/a.go stands in no folder of the order"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, orderFaults([]goFile{c.file})) })
	}
}

// TestFasthttpIsNotOlderThanItMayBe: requests can be smuggled through the release that fiber alone asks for. The go command
// is asked because it knows what the build chose; the build information of a test has no modules.
func TestFasthttpIsNotOlderThanItMayBe(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "github.com/valyala/fasthttp").Output()
	require.NoError(t, err)
	var major, minor int
	_, err = fmt.Sscanf(string(out), "github.com/valyala/fasthttp v%d.%d.", &major, &minor)
	require.NoError(t, err, "%s", out)
	assert.Equal(t, 1, major)
	assert.GreaterOrEqual(t, minor, 77, "%s", out)
	assert.NotContains(t, string(out), "=>", "fasthttp is replaced")
}
