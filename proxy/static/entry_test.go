package static

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/reply"
)

// countedFS counts what is asked of a file system, and the files that are open.
type countedFS struct {
	fs.FS
	opens, stats, open atomic.Int32
}

func (c *countedFS) Open(name string) (fs.File, error) {
	c.opens.Add(1)
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return &countedFile{File: f, open: &c.open}, nil
}

func (c *countedFS) Stat(name string) (fs.FileInfo, error) {
	c.stats.Add(1)
	return fs.Stat(c.FS, name)
}

type countedFile struct {
	fs.File
	open *atomic.Int32
}

func (c *countedFile) ReadDir(n int) ([]fs.DirEntry, error) {
	return c.File.(fs.ReadDirFile).ReadDir(n)
}

func (c *countedFile) Close() error {
	c.open.Add(-1)
	return c.File.Close()
}

// clock is a time that the test moves.
type clock struct{ now time.Time }

// timed makes Files whose time stands still, an hour after all files were made.
func timed(t testing.TB, mappings ...Mapping) (*Files, *clock) {
	files := serve(t, mappings...)
	c := &clock{time.Now().Add(time.Hour)}
	files.now = func() time.Time { return c.now }
	return files, c
}

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func write(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// replace puts another file in the place of one, as a deployment does.
func replace(t testing.TB, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	require.NoError(t, os.Rename(path+".new", path))
}

func TestAFileInUseIsNotReadAgain(t *testing.T) {
	fsys := &countedFS{FS: fstest.MapFS{"a.png": {Data: []byte("alpha")}}}
	files, clock := timed(t, below("/s/", fsys))
	for range 100 {
		assert.Equal(t, "alpha", ask(t, files, "GET", "/s/a.png").body)
	}
	assert.EqualValues(t, 1, fsys.opens.Load())
	assert.Zero(t, fsys.stats.Load())
	for range 5 {
		clock.pass(time.Second)
		for range 10 {
			ask(t, files, "GET", "/s/a.png")
		}
	}
	assert.EqualValues(t, 1, fsys.opens.Load())
	assert.EqualValues(t, 5, fsys.stats.Load(), "it is looked at once a second")
	assert.Zero(t, fsys.open.Load())
}

func TestAChangeIsSeenWithinASecond(t *testing.T) {
	long := func(c string) string { return strings.Repeat(c, smallFile+1) }
	path := filepath.Join(t.TempDir(), "a.txt")
	changes := map[string]struct {
		before, after string
		change        func()
	}{
		"written to":               {"alpha", "bravo", func() { write(t, path, "bravo") }},
		"replaced":                 {"alpha", "bravo", func() { replace(t, path, "bravo") }},
		"made longer":              {"alpha", long("b"), func() { write(t, path, long("b")) }},
		"made shorter":             {long("a"), "bravo", func() { write(t, path, "bravo") }},
		"large and written to":     {long("a"), long("b"), func() { write(t, path, long("b")) }},
		"large and replaced":       {long("a"), long("b"), func() { replace(t, path, long("b")) }},
		"emptied":                  {"alpha", "", func() { write(t, path, "") }},
		"with its time put back":   {"alpha", "bravo", func() { putBack(t, path, "bravo") }},
		"large, its time put back": {long("a"), long("b"), func() { putBack(t, path, long("b")) }},
		"made a link":              {"alpha", "other", func() { linked(t, path) }},
	}
	for name, tt := range changes {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(path) // a link of another case
			write(t, path, tt.before)
			files, clock := timed(t, below("/s/", opened(t, filepath.Dir(path))))
			before := ask(t, files, "GET", "/s/a.txt")
			require.Equal(t, tt.before, before.body)
			tt.change()
			at := ask(t, files, "GET", "/s/a.txt")
			if name == "large and written to" {
				assertSame(t, tt.after, at.body) // an open file is looked at each time
			}
			clock.pass(time.Second)
			after := ask(t, files, "GET", "/s/a.txt")
			assertSame(t, tt.after, after.body)
			if len(tt.after) <= smallFile || len(tt.before) <= smallFile {
				assert.NotEqual(t, before.Header.Get("ETag"), after.Header.Get("ETag"))
			}
		})
	}
}

// assertSame compares texts that are too long to be shown.
func assertSame(t *testing.T, want, got string) {
	t.Helper()
	if want != got {
		t.Error("another text")
	}
}

// putBack changes a file and gives it the time that it had.
func putBack(t *testing.T, path, text string) {
	info, err := os.Stat(path)
	require.NoError(t, err)
	write(t, path, text)
	require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
}

func linked(t *testing.T, path string) {
	write(t, path+".other", "other")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink(filepath.Base(path)+".other", path))
}

func TestADeletedFileIsGoneAndMayComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	files, clock := timed(t, below("/s/", opened(t, filepath.Dir(path))))
	assert.Equal(t, 404, ask(t, files, "GET", "/s/a.txt").StatusCode)
	write(t, path, "alpha")
	assert.Equal(t, 200, ask(t, files, "GET", "/s/a.txt").StatusCode, "what is not there is not remembered")
	require.NoError(t, os.Remove(path))
	clock.pass(time.Second)
	assert.Equal(t, 404, ask(t, files, "GET", "/s/a.txt").StatusCode)
	assert.Nil(t, files.cache.get([]byte("/s/a.txt")))
	require.NoError(t, os.Mkdir(path, 0o700))
	assert.Equal(t, 404, ask(t, files, "GET", "/s/a.txt").StatusCode)
}

func TestAFileThatCannotBeLookedAtIsServedOn(t *testing.T) {
	fsys := &sickFS{MapFS: fstest.MapFS{"a.png": {Data: []byte("alpha")}}}
	files, clock := timed(t, below("/s/", fsys))
	ask(t, files, "GET", "/s/a.png")
	fsys.sick = true
	clock.pass(time.Second)
	assert.Equal(t, "alpha", ask(t, files, "GET", "/s/a.png").body)
}

// sickFS is one that does not answer any longer.
type sickFS struct {
	fstest.MapFS
	sick bool
}

func (s *sickFS) Stat(name string) (fs.FileInfo, error) {
	if s.sick {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: os.ErrDeadlineExceeded}
	}
	return s.MapFS.Stat(name)
}

// A file system that counts in seconds does not show the second of two changes in one of them.
func TestAFileThatHasJustChangedIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	write(t, path, "alpha")
	files := serve(t, below("/s/", opened(t, filepath.Dir(path))))
	start := time.Now()
	files.now = func() time.Time { return start }
	ask(t, files, "GET", "/s/a.txt")
	e := files.cache.get([]byte("/s/a.txt"))
	assert.False(t, e.isCurrent(), "nothing says that it is")

	files.now = func() time.Time { return start.Add(time.Minute) }
	ask(t, files, "GET", "/s/a.txt")
	e = files.cache.get([]byte("/s/a.txt"))
	assert.True(t, e.isCurrent())
}

func TestWhatIsBeingSentStaysWhatItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	for name, text := range map[string]string{"small": "alpha", "large": strings.Repeat("a", smallFile+1)} {
		t.Run(name, func(t *testing.T) {
			write(t, path, text)
			files, clock := timed(t, below("/s/", opened(t, filepath.Dir(path))))
			begun, found := files.Find(requestOf("GET", "/s/a.bin"))
			require.True(t, found)
			part, found := files.Find(requestOf("GET", "/s/a.bin", "Range: bytes=1-2,4-"))
			require.True(t, found)
			replace(t, path, "bravo")
			clock.pass(time.Second)
			assert.Equal(t, "bravo", ask(t, files, "GET", "/s/a.bin").body)
			files.Close()
			assert.Equal(t, text, send(t, "GET", begun).body)
			assert.Equal(t, 206, send(t, "GET", part).StatusCode)
			begun.Done()
			part.Done()
			if begun.File != nil {
				_, err := begun.File.Stat()
				require.ErrorIs(t, err, os.ErrClosed, "the last who used it has closed it")
			}
		})
	}
}

func TestALargeFileThatHasShrunkIsNotSentAsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	write(t, path, strings.Repeat("a", 2*smallFile))
	files, _ := timed(t, below("/s/", opened(t, filepath.Dir(path))))
	r, found := files.Find(requestOf("GET", "/s/a.bin"))
	require.True(t, found)
	require.NoError(t, os.Truncate(path, smallFile))
	var sent strings.Builder
	_, err := r.WriteTo(&sent)
	require.ErrorIs(t, err, reply.ErrShort)
	assert.Equal(t, smallFile, sent.Len())
	r.Done()
}

// shrunkFS has small files that are shorter than their size, as one is that is cut between stat and read.
type shrunkFS struct{ fstest.MapFS }

func (s shrunkFS) Open(name string) (fs.File, error) {
	f, err := s.MapFS.Open(name)
	return shrunkFile{f}, err
}

type shrunkFile struct{ fs.File }

func (s shrunkFile) Read(p []byte) (int, error) { return s.File.Read(p[:min(len(p), 1)]) }

func (s shrunkFile) Stat() (fs.FileInfo, error) {
	info, err := s.File.Stat()
	return longerInfo{info}, err
}

type longerInfo struct{ fs.FileInfo }

func (l longerInfo) Size() int64 { return l.FileInfo.Size() + 1 }

func TestASmallFileThatShrinksIsAFault(t *testing.T) {
	got := ask(t, serve(t, below("/s/", shrunkFS{fstest.MapFS{"a.txt": {Data: []byte("alpha")}}})), "GET", "/s/a.txt")
	assert.Equal(t, 500, got.StatusCode)
	assert.Empty(t, got.body)
	assert.ErrorContains(t, got.err, "a.txt")
}

// restlessFS has files that are another one each time that they are looked at.
type restlessFS struct {
	fstest.MapFS
	seconds *int64
}

func (r restlessFS) Open(name string) (fs.File, error) {
	f, err := r.MapFS.Open(name)
	return restlessFile{f, r.seconds}, err
}

type restlessFile struct {
	fs.File
	seconds *int64
}

func (r restlessFile) Stat() (fs.FileInfo, error) {
	info, err := r.File.Stat()
	*r.seconds++
	return datedInfo{info, time.Unix(1_700_000_000+*r.seconds, 0)}, err
}

type datedInfo struct {
	fs.FileInfo
	modified time.Time
}

func (d datedInfo) ModTime() time.Time { return d.modified }

func TestAFileThatIsWrittenToAllTheTimeHasNoTag(t *testing.T) {
	var seconds int64
	files := serve(t, below("/s/", restlessFS{fstest.MapFS{"a.log": {Data: []byte("line")}}, &seconds}))
	got := ask(t, files, "GET", "/s/a.log")
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "line", got.body)
	assert.NotContains(t, got.Header, "Etag")
	assert.NotContains(t, got.Header, "Last-Modified")
	assert.EqualValues(t, 2*readTries, seconds)
}

// blockedFS lets nobody open a file until it is told to.
type blockedFS struct {
	countedFS
	waiting chan struct{} // gets one for each open
	release chan struct{} // closed: they go on
}

func (b *blockedFS) Open(name string) (fs.File, error) {
	b.waiting <- struct{}{}
	<-b.release
	return b.countedFS.Open(name)
}

func TestManyWhoAskForAFileOpenItOnce(t *testing.T) {
	fsys := &blockedFS{waiting: make(chan struct{}, 10), release: make(chan struct{})}
	fsys.FS = fstest.MapFS{"a.png": {Data: []byte("alpha")}}
	files := serve(t, below("/s/", fsys))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { assert.Equal(t, "alpha", ask(t, files, "GET", "/s/a.png").body) })
	}
	<-fsys.waiting
	close(fsys.release)
	all.Wait()
	assert.EqualValues(t, 1, fsys.opens.Load())
}

func TestManyWhoAskWhileFilesChange(t *testing.T) {
	dir := t.TempDir()
	large, small := filepath.Join(dir, "large.bin"), filepath.Join(dir, "small.css")
	text := func(c byte, n int) string { return strings.Repeat(string(c), n) }
	write(t, large, text('a', smallFile+1))
	write(t, small, text('a', 100))
	files := New([]Mapping{below("/s/", opened(t, dir))}, 1<<20, 1)
	var now atomic.Int64
	files.now = func() time.Time { return time.Unix(0, now.Add(int64(100*time.Millisecond))) }
	now.Store(time.Now().Add(time.Hour).UnixNano())

	stop := make(chan struct{})
	var asking, changing sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 40 {
				for _, target := range []string{"/s/large.bin", "/s/small.css", "/s/none"} {
					got := ask(t, files, "GET", target)
					if got.StatusCode == http.StatusOK && strings.Count(got.body, got.body[:1]) != len(got.body) {
						t.Error(target, "is a mix of two files")
					}
				}
			}
		})
	}
	changing.Go(func() { // ends when stop is closed
		for c := byte('b'); ; c++ {
			select {
			case <-stop:
				return
			default:
			}
			replace(t, large, text('a'+c%26, smallFile+1+int(c)))
			replace(t, small, text('a'+c%26, 100+int(c)))
		}
	})
	asking.Wait()
	close(stop)
	changing.Wait()
	files.Close()
	assert.Zero(t, files.cache.memory.used)
	assert.Zero(t, files.cache.files.used)
}

func TestNoFileStaysOpen(t *testing.T) {
	fsys := &countedFS{FS: fstest.MapFS{
		"small":   {Data: []byte("s")},
		"large":   {Data: make([]byte, 1<<20)},
		"dir/sub": {},
	}}
	files := serve(t, below("/s/", fsys, func(s *config.Static) { s.Autoindex = true }))
	for _, target := range []string{"/s/small", "/s/large", "/s/dir", "/s/dir/", "/s/none"} {
		ask(t, files, "GET", target)
		ask(t, files, "HEAD", target, "Range: bytes=0-1")
	}
	assert.Zero(t, fsys.open.Load())
}
