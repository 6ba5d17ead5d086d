package static

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The application's paths cost nothing.
func TestPathsOfTheApplicationAreNotLookedFor(t *testing.T) {
	fsys := &countedFS{FS: fstest.MapFS{"img/a.png": {}}}
	files, clock := timed(t, below("/", fsys))
	for range 10 {
		for _, target := range []string{"/", "/shop/cart", "/shop", "/imgs/a.png", "/api/"} {
			assert.Equal(t, notServed, ask(t, files, "GET", target).StatusCode)
		}
	}
	assert.EqualValues(t, 1, fsys.opens.Load(), "of the directory")
	assert.EqualValues(t, 1, fsys.stats.Load())
	clock.pass(time.Second)
	ask(t, files, "GET", "/shop/cart")
	assert.EqualValues(t, 1, fsys.opens.Load(), "it has not changed")
	assert.EqualValues(t, 2, fsys.stats.Load())
	req := requestOf("GET", "/shop/cart")
	assert.Zero(t, testing.AllocsPerRun(100, func() { files.Find(req) }))
}

func TestANewFileIsFoundWithinASecond(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "alpha")
	files, clock := timed(t, below("/", opened(t, dir)))
	assert.Equal(t, notServed, ask(t, files, "GET", "/new/b.txt").StatusCode)
	write(t, filepath.Join(dir, "new", "b.txt"), "bravo")
	clock.pass(time.Second)
	assert.Equal(t, "bravo", ask(t, files, "GET", "/new/b.txt").body)
	write(t, filepath.Join(dir, "new", "c.txt"), "charlie")
	assert.Equal(t, "charlie", ask(t, files, "GET", "/new/c.txt").body, "only the names at the top are remembered")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "new")))
	clock.pass(time.Second)
	assert.Equal(t, notServed, ask(t, files, "GET", "/new/b.txt").StatusCode)
}

// A directory that has just changed may change again without another time to show for it.
func TestADirectoryThatHasJustChangedIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	var names top
	start := time.Now()
	fsys := opened(t, dir)
	require.True(t, names.lacks(fsys, []byte("a"), start))
	first := names.known.Load()
	require.True(t, names.lacks(fsys, []byte("a"), start.Add(time.Second)))
	assert.NotSame(t, first, names.known.Load())
	later := start.Add(time.Hour)
	require.True(t, names.lacks(fsys, []byte("a"), later))
	settled := names.known.Load()
	require.True(t, names.lacks(fsys, []byte("a"), later.Add(time.Second)))
	assert.Same(t, settled, names.known.Load())
}

func TestADirectoryThatCannotBeReadLacksNothing(t *testing.T) {
	many := fstest.MapFS{}
	for i := range maxListed + 1 {
		many[fmt.Sprint(i)] = &fstest.MapFile{}
	}
	for name, fsys := range map[string]fs.FS{
		"too large":    many,
		"not there":    brokenFS{fs.ErrNotExist},
		"out of order": brokenFS{os.ErrDeadlineExceeded},
	} {
		var names top
		assert.False(t, names.lacks(fsys, []byte("x"), time.Now()), name)
	}
}
