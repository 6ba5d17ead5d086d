package static

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// folder is a file system of n files of a size, named by number.
func folder(n, size int) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := range n {
		fsys[fmt.Sprint(i)] = &fstest.MapFile{Data: []byte(strings.Repeat("x", size))}
	}
	return fsys
}

func TestMemoryIsBounded(t *testing.T) {
	const size, bound = 1000, 100_000
	fsys := &countedFS{FS: folder(200, size)}
	files := New([]Mapping{below("/s/", fsys)}, bound, 0)
	t.Cleanup(files.Close)
	for range 3 {
		for i := range 200 {
			require.Equal(t, 200, ask(t, files, "GET", fmt.Sprintf("/s/%d", i)).StatusCode)
			require.LessOrEqual(t, files.cache.memory.used, int64(bound))
		}
	}
	assert.Greater(t, files.cache.memory.used, int64(bound-size-entryCost), "it is used")
	kept := 0
	for i := range files.cache.shards {
		kept += len(files.cache.shards[i].entries)
	}
	assert.Equal(t, bound/(size+entryCost), kept)
	assert.Equal(t, kept, files.cache.memory.queue.Len())
}

func TestWhatIsUsedStays(t *testing.T) {
	fsys := &countedFS{FS: folder(1000, 1000)}
	files := New([]Mapping{below("/s/", fsys)}, 100_000, 0)
	t.Cleanup(files.Close)
	for i := range 10 {
		ask(t, files, "GET", fmt.Sprintf("/s/%d", i))
	}
	for i := 10; i < 1000; i++ { // a client that reads everything once
		ask(t, files, "GET", fmt.Sprintf("/s/%d", i))
		for hot := range 10 {
			ask(t, files, "GET", fmt.Sprintf("/s/%d", hot))
		}
	}
	assert.EqualValues(t, 1000, fsys.opens.Load(), "what was in use was read again")
}

// More files than there is room for, all of them as much in use: those that are kept must not be pushed out each time.
func TestTooManyFilesInUseDoNotPushEachOtherOut(t *testing.T) {
	const room = 30
	fsys := &countedFS{FS: folder(2*room, 1000)}
	files := New([]Mapping{below("/s/", fsys)}, room*(1000+entryCost), 0)
	t.Cleanup(files.Close)
	const rounds = 50
	for range rounds {
		for i := range 2 * room {
			ask(t, files, "GET", fmt.Sprintf("/s/%d", i))
		}
	}
	assert.Less(t, int(fsys.opens.Load()), rounds*2*room*3/4, "in turns nothing would ever be found")
}

func TestNothingIsKeptWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small.txt"), "alpha")
	write(t, filepath.Join(dir, "large.txt"), strings.Repeat("a", smallFile+1))
	files := New([]Mapping{below("/s/", opened(t, dir))}, 0, 0)
	t.Cleanup(files.Close)
	for _, name := range []string{"small.txt", "large.txt"} {
		first := ask(t, files, "GET", "/s/"+name)
		require.Equal(t, 200, first.StatusCode)
		assert.Equal(t, 304, ask(t, files, "GET", "/s/"+name, "If-None-Match: "+first.Header.Get("ETag")).StatusCode)
		assert.Nil(t, files.cache.get([]byte("/s/"+name)))
	}
}

// descriptors counts the descriptors of this process that lead below a directory.
func descriptors(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors cannot be counted here:", err)
	}
	n := 0
	for _, fd := range all {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, dir+"/") {
			n++
		}
	}
	return n
}

func TestOpenFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, filepath.Join(dir, fmt.Sprint(i)), strings.Repeat("a", smallFile+1))
	}
	files := New([]Mapping{below("/s/", opened(t, dir))}, 1<<20, 5)
	for range 2 {
		for i := range 20 {
			require.Equal(t, 200, ask(t, files, "GET", fmt.Sprintf("/s/%d", i)).StatusCode)
			require.LessOrEqual(t, descriptors(t, dir), 5)
		}
	}
	assert.Equal(t, 5, descriptors(t, dir))
	files.Close()
	assert.Zero(t, descriptors(t, dir))
	assert.Equal(t, 200, ask(t, files, "GET", "/s/0").StatusCode, "a request that began before the end is answered")
	assert.Zero(t, descriptors(t, dir))
}

func TestIdleFilesAreClosed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"idle", "used"} {
		write(t, filepath.Join(dir, name), strings.Repeat("a", smallFile+1))
	}
	files, clock := timed(t, below("/s/", opened(t, dir)))
	clock.now = time.Now().Add(-2 * idleFile)
	ask(t, files, "GET", "/s/idle")
	r, found := files.Find(requestOf("GET", "/s/idle"))
	require.True(t, found)
	clock.now = time.Now()
	ask(t, files, "GET", "/s/used")
	require.Equal(t, 2, descriptors(t, dir))
	files.cache.sweepFiles()
	assert.Nil(t, files.cache.get([]byte("/s/idle")))
	assert.Equal(t, 2, descriptors(t, dir), "it is being sent")
	r.Done()
	assert.Equal(t, 1, descriptors(t, dir))
	assert.EqualValues(t, 1, files.cache.files.used)
}
