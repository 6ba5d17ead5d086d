package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testVersion = "v1.2.3"

// checkout copies what git knows of the checkout to another directory.
func checkout(t *testing.T) string {
	t.Helper()
	root, dir := filepath.Join("..", ".."), t.TempDir()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	require.NoError(t, err)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
			continue // removed and not committed, or a link of the tests'
		}
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, info.Mode()))
	}
	return dir
}

// machine is the platform that the tests run on.
func machine(t *testing.T) platform {
	t.Helper()
	p, err := findPlatform(runtime.GOOS + "/" + runtime.GOARCH)
	if err != nil {
		t.Skipf("no release is made for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	return p
}

func TestBinary(t *testing.T) {
	if os.Getenv("TEST_RELEASE") == "" {
		t.Skip("TEST_RELEASE is not set: it compiles everything anew, without the race detector")
	}
	p, root, other := machine(t), filepath.Join("..", ".."), checkout(t)
	path, again := filepath.Join(t.TempDir(), "forebay"), filepath.Join(t.TempDir(), "forebay")
	require.NoError(t, build(t.Context(), root, p, testVersion, path))
	require.NoError(t, build(t.Context(), other, p, testVersion, again))
	binary, err := os.ReadFile(path)
	require.NoError(t, err)

	t.Run("two checkouts make the same bytes", func(t *testing.T) {
		second, err := os.ReadFile(again)
		require.NoError(t, err)
		assert.Equal(t, sha256.Sum256(binary), sha256.Sum256(second))
		assert.False(t, bytes.Contains(second, []byte(other)), "it knows where it was built")
	})
	t.Run("it is static and knows its version", func(t *testing.T) {
		said, err := exec.CommandContext(t.Context(), path, "--version").Output()
		require.NoError(t, err)
		assert.Contains(t, string(said), "forebay "+testVersion+" (")
		assert.False(t, bytes.Contains(binary, []byte("ld-linux")), "it asks for a dynamic linker")
	})
	t.Run("it prints the manual that lies beside it", func(t *testing.T) {
		for i, args := range [][]string{{"man"}, {"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"}, {"schema"}} {
			said, err := exec.CommandContext(t.Context(), path, args...).Output()
			require.NoError(t, err)
			assert.Equal(t, string(handedOut(testVersion)[i].content), string(said), args)
		}
	})
	t.Run("it is small enough", func(t *testing.T) { assert.Less(t, len(binary), maxBinary) })
	t.Run("its bill names what the linker says", func(t *testing.T) {
		text, err := billOf(path, testVersion, binary)
		require.NoError(t, err)
		checkBill(t, text, path)
	})
}

func TestWheel(t *testing.T) {
	p, binary, materials := machine(t), []byte("a program"), []byte("{}\n")
	packed := func() file {
		w, err := newWheel(filepath.Join("..", ".."), p, testVersion, binary, materials)
		require.NoError(t, err)
		f, err := w.pack()
		require.NoError(t, err)
		return f
	}
	made := packed()
	assert.Equal(t, made, packed(), "twice the same")
	entries := unpack(t, made.content)
	checkRecord(t, entries)
	checkTags(t, made.name, entries)
	assert.Equal(t, file{"forebay-1.2.3.data/scripts/forebay", binary, 0o755}, entries["forebay-1.2.3.data/scripts/forebay"])
	for _, f := range shared(testVersion) {
		assert.Equal(t, f.content, entries["forebay-1.2.3.data/data/"+f.name].content, f.name)
	}
	assert.Equal(t, materials, entries["forebay-1.2.3.dist-info/sboms/forebay.cdx.json"].content)
	assert.Contains(t, string(entries["forebay-1.2.3.dist-info/METADATA"].content), "\nName: forebay\nVersion: 1.2.3\n")
	assert.Contains(t, string(entries["forebay/__init__.py"].content), "class RequestTimeout(BaseException):")
}

func TestSums(t *testing.T) {
	abc := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-4's own example
	assert.Equal(t, file{"SHA256SUMS", []byte(abc + "  x\n"), 0o644}, sums([]file{{"x", []byte("abc"), read}}))
}

// checkBill compares a bill with what the linker has written into the binary at path.
func checkBill(t *testing.T, text []byte, path string) {
	t.Helper()
	var b bill
	require.NoError(t, json.Unmarshal(text, &b))
	info, err := buildinfo.ReadFile(path)
	require.NoError(t, err)
	want := []string{"std@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want = append(want, module.Path+"@"+module.Version)
	}
	var listed []string
	for _, c := range b.Components {
		listed = append(listed, c.Name+"@"+c.Version)
		if c.Name != "std" {
			require.Len(t, c.Hashes, 1, c.Name)
			assert.Len(t, c.Hashes[0].Content, 64, c.Name)
		}
	}
	assert.ElementsMatch(t, want, listed)
	assert.Contains(t, listed, "github.com/valyala/fasthttp@v1.77.0", "the list is not empty by mistake")
	require.Len(t, b.Dependencies, 1)
	assert.Len(t, b.Dependencies[0].DependsOn, len(want))
}

// unpack returns a wheel's files by their names.
func unpack(t *testing.T, packed []byte) map[string]file {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	entries := map[string]file{}
	for _, f := range z.File {
		in, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(in)
		require.NoError(t, err)
		entries[f.Name] = file{f.Name, content, f.Mode()}
	}
	return entries
}

// checkRecord compares the files with what RECORD says of them, in both directions.
func checkRecord(t *testing.T, entries map[string]file) {
	t.Helper()
	const record = "forebay-1.2.3.dist-info/RECORD"
	var want []string
	for name, f := range entries {
		digest := sha256.Sum256(f.content)
		line := fmt.Sprintf("%s,sha256=%s,%d", name, base64.RawURLEncoding.EncodeToString(digest[:]), len(f.content))
		if name == record {
			line = name + ",,"
		}
		want = append(want, line)
	}
	assert.ElementsMatch(t, want, strings.Split(strings.TrimSuffix(string(entries[record].content), "\n"), "\n"))
}

// checkTags compares the tags in WHEEL with those in the file's name.
func checkTags(t *testing.T, name string, entries map[string]file) {
	t.Helper()
	tags := strings.TrimSuffix(strings.TrimPrefix(name, "forebay-1.2.3-py3-none-"), ".whl")
	var want strings.Builder
	for tag := range strings.SplitSeq(tags, ".") {
		want.WriteString("Tag: py3-none-" + tag + "\n")
	}
	text := string(entries["forebay-1.2.3.dist-info/WHEEL"].content)
	assert.True(t, strings.HasSuffix(text, "Root-Is-Purelib: false\n"+want.String()), "%s", text)
}

func TestPlatforms(t *testing.T) {
	for _, p := range platforms {
		found, err := findPlatform(p.String())
		require.NoError(t, err)
		assert.Equal(t, p, found)
	}
	_, err := findPlatform("plan9/mips")
	assert.ErrorContains(t, err, `want one of linux/amd64, linux/arm64, darwin/arm64, not "plan9/mips"`)
}

func TestNeutral(t *testing.T) {
	environ := []string{"HOME=/h", "GOFLAGS=-race", "GOAMD64=v3", "GOPROXY=off", "GODEBUGGER=1"}
	assert.Equal(t, []string{"HOME=/h", "GOPROXY=off", "GODEBUGGER=1"}, neutral(environ))
}
