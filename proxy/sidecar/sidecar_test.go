package sidecar

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/coding"
	"forebay/proxy/rooted/rootedtest"
)

var style = strings.Repeat("p { color: teal } /* é */\n", 60)

// usual are the options of the command.
func usual() Options { return Options{MinSize: 1 << 10, Codings: coding.All[:], AtOnce: 4} }

// tree makes a directory with files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// names are all files below a directory, links too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			found = append(found, name)
		}
		return err
	}))
	return found
}

// write does what is tested, and allows no fault.
func write(t *testing.T, dir string, options Options) *Summary {
	t.Helper()
	s, err := Write(t.Context(), []string{dir}, options)
	require.NoError(t, err)
	require.Empty(t, s.Faults)
	return s
}

func unpacked(t *testing.T, c coding.Coding, path string) string {
	t.Helper()
	packed, err := os.ReadFile(path)
	require.NoError(t, err)
	r, err := coding.Unpack(c, bytes.NewReader(packed))
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(text)
}

func TestCopiesOfWhatGetsSmaller(t *testing.T) {
	noise := make([]byte, 5000)
	_, _ = rand.Read(noise)
	dir := tree(t, map[string]string{
		"a.css": style, "sub/b.js": style, ".well-known/c.json": style,
		"small.css": "p {}", "noise.css": string(noise), "pic.png": style, "none": style, ".git/d.css": style, "old.css.gz": "of nothing",
	})
	made := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a.css"), made, made))
	require.NoError(t, os.Chmod(filepath.Join(dir, "a.css"), 0o400))
	s := write(t, dir, usual())
	assert.ElementsMatch(t, []string{
		"a.css", "a.css.br", "a.css.gz", "a.css.zst", "sub/b.js", "sub/b.js.br", "sub/b.js.gz", "sub/b.js.zst",
		".well-known/c.json", ".well-known/c.json.br", ".well-known/c.json.gz", ".well-known/c.json.zst",
		"small.css", "noise.css", "pic.png", "none", ".git/d.css", "old.css.gz",
	}, names(t, dir))
	for _, c := range coding.All {
		path := filepath.Join(dir, "a.css"+c.Ending())
		assert.Equal(t, style, unpacked(t, c, path), c)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.True(t, made.Equal(info.ModTime()), "with the file's time both stay as they are to each other")
		assert.Equal(t, fs.FileMode(0o400), info.Mode())
		tally := s.Copies[c]
		assert.Equal(t, 3*int64(len(style)), tally.Before)
		assert.Less(t, tally.After, tally.Before/5)
		tally.Before, tally.After = 0, 0
		assert.Equal(t, Tally{Written: 3, Hopeless: 1}, tally)
	}
	assert.Equal(t, 5, s.Files)
	assert.Equal(t, [reasons]int{OtherType: 2, Small: 1}, s.LeftAlone)
}

func TestASecondRunWritesNothing(t *testing.T) {
	dir := tree(t, map[string]string{"a.css": style, "b.css": style})
	state := func() map[string]os.FileInfo {
		all := map[string]os.FileInfo{}
		for _, name := range names(t, dir) {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			all[name] = info
		}
		return all
	}
	write(t, dir, usual())
	before := state()
	s := write(t, dir, usual())
	after := state()
	require.Len(t, after, len(before))
	for name, info := range before {
		assert.True(t, os.SameFile(info, after[name]), name)
		assert.Equal(t, info.ModTime(), after[name].ModTime(), name)
	}
	for _, c := range coding.All {
		assert.Equal(t, 2, s.Copies[c].Kept)
		assert.Zero(t, s.Copies[c].Written)
	}
}

// What is beside a file, and what becomes of it. The times of file and copy are the same in all cases.
func TestCopiesThatAreThere(t *testing.T) {
	older := strings.Replace(style, "teal", "plum", 1)
	pack := func(c coding.Coding, text string) string {
		var packed bytes.Buffer
		require.NoError(t, coding.Pack(c, &packed, strings.NewReader(text)))
		return packed.String()
	}
	cases := map[string]struct {
		file string
		copy func(c coding.Coding) string
		want Tally
	}{
		"right":                      {style, func(c coding.Coding) string { return pack(c, style) }, Tally{Kept: 1}},
		"of another file":            {style, func(c coding.Coding) string { return pack(c, older) }, Tally{Written: 1}},
		"of the beginning":           {style, func(c coding.Coding) string { return pack(c, style[:1000]) }, Tally{Written: 1}},
		"of more":                    {style, func(c coding.Coding) string { return pack(c, style+"p") }, Tally{Written: 1}},
		"cut off":                    {style, func(c coding.Coding) string { p := pack(c, style); return p[:len(p)-1] }, Tally{Written: 1}},
		"empty":                      {style, func(coding.Coding) string { return "" }, Tally{Written: 1}},
		"no such coding":             {style, func(coding.Coding) string { return style }, Tally{Written: 1}},
		"of what was larger once":    {"p {}", func(c coding.Coding) string { return pack(c, style) }, Tally{Removed: 1}},
		"of a small file, and right": {"p {}", func(c coding.Coding) string { return pack(c, "p {}") }, Tally{Kept: 1}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"a.css": tt.file}
			for _, c := range coding.All {
				files["a.css"+c.Ending()] = tt.copy(c)
			}
			dir := tree(t, files)
			same := time.Unix(1, 0) // as in images whose times are all alike
			for name := range files {
				require.NoError(t, os.Chtimes(filepath.Join(dir, name), same, same))
			}
			s := write(t, dir, usual())
			for _, c := range coding.All {
				got := s.Copies[c]
				got.Before, got.After = 0, 0
				assert.Equal(t, tt.want, got, c)
				if tt.want.Removed > 0 {
					assert.NoFileExists(t, filepath.Join(dir, "a.css"+c.Ending()))
				} else {
					assert.Equal(t, tt.file, unpacked(t, c, filepath.Join(dir, "a.css"+c.Ending())))
				}
			}
		})
	}
}

func TestARightCopyThatIsTooOldIsMadeFresh(t *testing.T) {
	dir := tree(t, map[string]string{"a.css": style})
	write(t, dir, usual())
	touched := time.Now().Add(time.Hour).Truncate(time.Second)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a.css"), touched, touched))
	s := write(t, dir, usual())
	assert.Equal(t, 1, s.Copies[coding.Brotli].Kept)
	info, err := os.Stat(filepath.Join(dir, "a.css.br"))
	require.NoError(t, err)
	assert.True(t, touched.Equal(info.ModTime()), "an older copy would not be sent")
}

func TestOnlyTheCodingsThatAreWanted(t *testing.T) {
	dir := tree(t, map[string]string{"a.css": style})
	options := usual()
	options.Codings = []coding.Coding{coding.Gzip}
	write(t, dir, options)
	assert.Equal(t, []string{"a.css", "a.css.gz"}, names(t, dir))
}

func TestLinksLeadNowhereElse(t *testing.T) {
	dir := rootedtest.Links(t)
	outside := tree(t, map[string]string{"b.css": style})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "a.css"), []byte(style), 0o600))
	for name, target := range map[string]string{
		"link.css": "sub/a.css", "out.css": filepath.Join(outside, "b.css"), "gone.css": "none", "dir.css": outside, "there": outside,
		"sub/a.css.gz": filepath.Join(outside, "b.css"),
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo.css"), 0o600))
	s := write(t, dir, usual())
	assert.Equal(t, 2, s.Files)
	assert.Equal(t, 3, s.LeftAlone[Link])
	assert.Equal(t, []string{"b.css"}, names(t, outside))
	assert.Equal(t, style, unpacked(t, coding.Brotli, filepath.Join(dir, "link.css.br")))
	info, err := os.Lstat(filepath.Join(dir, "sub", "a.css.gz"))
	require.NoError(t, err)
	assert.True(t, info.Mode().IsRegular(), "a link is no copy")
}

func TestAFaultIsOfOneFile(t *testing.T) {
	dir := tree(t, map[string]string{"a.css": style, "b.css": style, "a.css.br/x": "in the way"})
	s, err := Write(t.Context(), []string{dir}, usual())
	require.NoError(t, err)
	require.Len(t, s.Faults, 1)
	assert.Equal(t, 1, s.Failed)
	assert.EqualError(t, s.Faults[0], "write "+filepath.Join(dir, "a.css.br")+": is a directory")
	assert.FileExists(t, filepath.Join(dir, "b.css.br"))
	assert.FileExists(t, filepath.Join(dir, "a.css.gz"))

	_, err = Write(t.Context(), []string{filepath.Join(dir, "none")}, usual())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Write(t.Context(), []string{filepath.Join(dir, "a.css")}, usual())
	assert.ErrorContains(t, err, "not a directory")
}

func TestADirectoryCountsOnce(t *testing.T) {
	dir := tree(t, map[string]string{"sub/a.css": style})
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	s, err := Write(t.Context(), []string{filepath.Join(dir, "sub"), dir, link, dir + "/"}, usual())
	require.NoError(t, err)
	assert.Equal(t, 1, s.Dirs)
	assert.Equal(t, 1, s.Files)
}

func TestWhatIsBrokenOffLeavesNothing(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		files[name+".css"] = style
	}
	dir := tree(t, files)
	ctx, cancel := context.WithCancel(t.Context())
	options := usual()
	options.AtOnce = 1
	options.Progress = func(int64, int64) { cancel() }
	s, err := Write(ctx, []string{dir}, options)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.Faults)
	assert.Less(t, len(names(t, dir)), 6+3, "the rest was not begun")
	for _, name := range names(t, dir) {
		assert.NotContains(t, name, "forebay")
	}
}

func TestProgressComesToItsEnd(t *testing.T) {
	dir := tree(t, map[string]string{"a.css": style, "b.css": "", "c.js": style})
	var last, total int64
	options := usual()
	options.Progress = func(done, all int64) {
		assert.Greater(t, done, last)
		last, total = done, all
	}
	write(t, dir, options)
	assert.Equal(t, total, last)
	assert.Positive(t, total)
}

// TestWhatAKilledRunHasLeftBehind goes with the next one, but not what another run is working on, nor a file of somebody
// else's.
func TestWhatAKilledRunHasLeftBehind(t *testing.T) {
	dir := t.TempDir()
	lastWeek := time.Now().Add(-7 * 24 * time.Hour)
	left, working, others := "."+rand.Text()+unfinished, "."+rand.Text()+unfinished, ".settings"+unfinished
	for name, modified := range map[string]time.Time{left: lastWeek, working: time.Now(), others: lastWeek} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), modified, modified))
	}
	_, err := Write(t.Context(), []string{dir}, Options{Codings: coding.All[:]})
	require.NoError(t, err)
	assert.NoFileExists(t, filepath.Join(dir, left))
	assert.FileExists(t, filepath.Join(dir, working))
	assert.FileExists(t, filepath.Join(dir, others))
}
