package access

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// lineCount is how many lines a file has.
func lineCount(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Count(string(b), "\n")
}

func TestReopenedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "access.log")
		l := openAt(t, path)
		stop := run(l)
		put(l, 1)
		time.Sleep(time.Second) // it is written
		require.NoError(t, os.Rename(path, path+".1"))
		put(l, 2)
		time.Sleep(time.Second)
		assert.Equal(t, 2, lineCount(t, path+".1"), "the name does not matter to an open file")
		require.NoError(t, l.Reopen())
		require.NoError(t, l.Reopen(), "before the writer has come to the first")
		put(l, 3)
		time.Sleep(time.Second)
		require.NoError(t, stop())
		require.NoError(t, l.Close())
		assert.Equal(t, 2, lineCount(t, path+".1"))
		assert.Equal(t, 1, lineCount(t, path))
	})
}

func TestReopenThatFailsChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "access.log")
	l := openAt(t, path)
	stop := run(l)
	moved := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.Rename(dir, moved))
	assert.ErrorContains(t, l.Reopen(), "access log: open "+path)
	put(l, 1)
	require.NoError(t, stop())
	require.NoError(t, l.Close())
	assert.Equal(t, 1, lineCount(t, filepath.Join(moved, "access.log")))
}

func TestLogThatIsTurnedOnAndOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out recorder
		l, err := Open(to(""), Stdout{Writer: &out}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		require.NoError(t, l.Reopen(), "there is nothing to reopen")
		stop := run(l)
		use := func(dest string) {
			target, err := l.Prepare(to(dest))
			require.NoError(t, err)
			l.Use(target)
		}
		assert.False(t, l.Enabled())
		put(l, 1)
		use("-")
		assert.True(t, l.Enabled())
		put(l, 2)
		time.Sleep(time.Second)
		use("")
		put(l, 3)
		time.Sleep(time.Second)
		use("-")
		require.NoError(t, l.Reopen())
		put(l, 4)
		require.NoError(t, stop())
		require.NoError(t, l.Close())
		lines := strings.Join(out.lines(), "")
		assert.Equal(t, 2, strings.Count(lines, "\n"), lines)
	})
}

// TestEachTargetHasItsOwnLines: what was logged before a reload is of the old format, and goes to the old target.
func TestEachTargetHasItsOwnLines(t *testing.T) {
	dir := t.TempDir()
	l := openAt(t, filepath.Join(dir, "old"))
	put(l, 1)
	put(l, 2)
	cfg := to(filepath.Join(dir, "new"))
	cfg.AccessFormat, cfg.AccessExclude = config.FormatJSON, []string{"/healthz"}
	target, err := l.Prepare(cfg)
	require.NoError(t, err)
	l.Use(target)
	put(l, 3)
	health := sample()
	health.Target = []byte("/healthz")
	l.Write(&health)
	require.NoError(t, run(l)())
	require.NoError(t, l.Close())
	text := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(b)
	}
	assert.Regexp(t, `^192.* 1\n192.* 2\n$`, text("old"))
	assert.Regexp(t, `^{"time":.*"request_id":"3".*}\n$`, text("new"))
}

// TestABufferOfAnotherSize: what is in the old one is written, and both are replaced then.
func TestABufferOfAnotherSize(t *testing.T) {
	var out recorder
	l := open(t, &out)
	sizes := func() []int { return []int{cap(l.lines), cap(l.spare)} }
	put(l, 1)
	for _, size := range []int{2 * bufferSize, bufferSize / 4} {
		cfg := to("-")
		cfg.AccessBuffer = int64(size)
		target, err := l.Prepare(cfg)
		require.NoError(t, err)
		l.Use(target)
		for range 2 {
			put(l, 2)
			require.NoError(t, l.flush())
		}
		assert.Equal(t, []int{size + missedMax, size + missedMax}, sizes())
	}
	assert.Len(t, out.lines(), 5+1)
	for range size(t, l) {
		put(l, 3)
	}
	assert.Zero(t, l.Dropped())
	for range lineRoom / 50 {
		put(l, 3)
	}
	assert.NotZero(t, l.Dropped(), "the bound is the new one")
}

// size is how many lines have room for certain.
func size(t *testing.T, l *Log) int {
	t.Helper()
	return (l.size - lineRoom) / (len(line(sample())))
}

func TestDroppedLinesAreToldInTheFormat(t *testing.T) {
	for format, want := range map[string]string{
		config.FormatJSON: `^{"time":"[^"]+","lines_dropped":7}\n$`, `{"a":$status}`: `^{"time":"[^"]+","lines_dropped":7}\n$`,
		"$status": "^# 7 lines dropped: ", config.FormatPretty: "^# 7 lines dropped: ", config.FormatCombined: "^# 7 lines dropped: ",
	} {
		s, err := newStyle(format, Stdout{}, true)
		require.NoError(t, err)
		assert.Regexp(t, want, string(s.appendMissed(nil, 7)), format)
	}
}

func TestNoLineIsLostWhileTheFileIsReopened(t *testing.T) {
	const writers, each = 4, 1500 // all of them fit into the buffer, if need be
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	l := openAt(t, path)
	stop := run(l)
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				put(l, w*each+i)
			}
		})
	}
	for i := range 50 {
		require.NoError(t, os.Rename(path, path+"."+strconv.Itoa(i)))
		require.NoError(t, l.Reopen())
	}
	writing.Wait()
	require.NoError(t, stop())
	require.NoError(t, l.Close())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	total := 0
	for _, file := range files {
		total += lineCount(t, file)
	}
	assert.Equal(t, writers*each, total)
	left, err := os.ReadDir("/proc/self/fd")
	if err == nil {
		for _, fd := range left {
			name, _ := os.Readlink("/proc/self/fd/" + fd.Name()) // it may be the one of the directory itself
			assert.NotContains(t, name, dir, "a file is left open")
		}
	}
}
