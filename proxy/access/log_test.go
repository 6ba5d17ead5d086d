package access

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// open opens a log that writes to out.
func open(t testing.TB, out io.Writer) *Log {
	t.Helper()
	l, err := Open(to("-"), Stdout{Writer: out}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return l
}

const bufferSize = 1 << 20

// to is the configuration of a log that goes somewhere.
func to(dest string) config.Log {
	return config.Log{Access: dest, AccessFormat: config.FormatCombined, AccessBuffer: bufferSize, AccessSample: 1}
}

// openAt opens a log that goes somewhere else than to stdout.
func openAt(t testing.TB, dest string) *Log {
	t.Helper()
	l, err := Open(to(dest), Stdout{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return l
}

// run runs l and returns what ends it: it waits for the end and returns Run's error.
func run(l *Log) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }() // ends by stop
	return func() error {
		cancel()
		return <-ended
	}
}

// put writes an entry with an id.
func put(l *Log, id int) {
	e := sample()
	e.ID = strconv.AppendInt(nil, int64(id), 10)
	l.Write(&e)
}

// recorder keeps what each write had. fail, when set, decides how much of a write succeeds.
type recorder struct {
	mu     sync.Mutex
	writes []string
	fail   func(p []byte) (int, error)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := len(p), error(nil)
	if r.fail != nil {
		n, err = r.fail(p)
	}
	if n > 0 {
		r.writes = append(r.writes, string(p[:n]))
	}
	return n, err
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.writes)
}

func (r *recorder) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.SplitAfter(strings.Join(r.writes, ""), "\n")
}

func TestEveryLineIsWrittenByTheEnd(t *testing.T) {
	var out recorder
	l := open(t, &out)
	stop := run(l)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 500 {
				put(l, w*500+i)
			}
		})
	}
	writers.Wait()
	require.NoError(t, stop())

	seen := map[string]int{}
	for _, line := range out.lines() {
		if line != "" {
			require.Regexp(t, wellFormed, line)
			seen[line]++
		}
	}
	assert.Len(t, seen, 8*500)
}

func TestALoneLineIsWrittenAtOnceAndManyTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out recorder
		l := open(t, &out)
		stop := run(l)
		put(l, 1)
		synctest.Wait()
		assert.Equal(t, 1, out.count(), "no time has passed")
		for i := range 100 {
			put(l, i)
		}
		synctest.Wait()
		assert.Equal(t, 1, out.count(), "the second write waits for more")
		require.NoError(t, stop())
		assert.Equal(t, 2, out.count(), "and the end does not")
	})
}

func TestAFullBufferDoesNotWaitForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out recorder
		l := open(t, &out)
		stop := run(l)
		put(l, 1)
		synctest.Wait()
		for range bufferSize / 2 / len(line(sample())) * 11 / 10 {
			put(l, 2)
		}
		synctest.Wait()
		assert.Equal(t, 2, out.count(), "no time has passed")
		require.NoError(t, stop())
	})
}

func TestLinesBeyondTheBufferAreDroppedAndCounted(t *testing.T) {
	var out recorder
	l := open(t, &out)
	const total = 2 * bufferSize / 100 // nobody takes them away
	for i := range total {
		put(l, i)
	}
	put(l, total)
	stop := run(l)
	require.NoError(t, stop())

	lines := out.lines()
	kept := len(lines) - 2 // the last one is empty, the one before tells
	assert.Less(t, kept, total)
	assert.Greater(t, kept*len(lines[0]), bufferSize/2)
	assert.Equal(t, uint64(total+1-kept), l.Dropped())
	assert.Equal(t, "# "+strconv.Itoa(total+1-kept)+" lines dropped: the log could not be written\n", lines[kept])
	for i, line := range lines[:kept] {
		require.True(t, strings.HasSuffix(line, " "+strconv.Itoa(i)+"\n"), line)
	}
}

func TestAStuckReaderHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, entered := make(chan struct{}), make(chan struct{}, 1)
		var out bytes.Buffer
		l := open(t, writerFunc(func(p []byte) (int, error) {
			entered <- struct{}{}
			<-release
			return out.Write(p)
		}))
		stop := run(l)
		put(l, 1)
		<-entered
		for i := range 2 * bufferSize / 100 { // more than the buffer holds: returns all the same
			put(l, i)
		}
		require.ErrorIs(t, stop(), errStuck)
		close(release)
		<-entered
		synctest.Wait()
		assert.Contains(t, out.String(), " lines dropped: ")
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestAFailedWriteIsCountedAndItsLineEnded(t *testing.T) {
	full := errors.New("no space left")
	var out recorder
	l := open(t, &out)
	for i := range 3 {
		put(l, i)
	}
	first := len(line(sample())) - len("0f3a") + 1
	out.fail = func([]byte) (int, error) { return first + 10, full } // one line and a bit of the second
	require.ErrorIs(t, l.flush(), full)
	out.fail = func([]byte) (int, error) { return 0, full }
	put(l, 3)
	require.ErrorIs(t, l.flush(), full)
	out.fail = nil
	put(l, 4)
	require.NoError(t, l.flush())

	lines := out.lines()
	require.Len(t, lines, 5)
	assert.Regexp(t, `ms 0\n$`, lines[0])
	assert.Len(t, lines[1], 11, "the torn one")
	assert.Regexp(t, `ms 4\n$`, lines[2])
	assert.Equal(t, "# 3 lines dropped: the log could not be written\n", lines[3])
}

// TestFailuresAreToldOnce: the operator's log has a line when lines begin to be lost, and one when that has ended.
func TestFailuresAreToldOnce(t *testing.T) {
	var told bytes.Buffer
	out := &recorder{fail: func([]byte) (int, error) { return 0, errors.New("no space left") }}
	l, err := Open(to("-"), Stdout{Writer: out}, slog.New(slog.NewTextHandler(&told, nil)))
	require.NoError(t, err)
	for i := range 3 {
		put(l, i)
		require.Error(t, l.flush())
	}
	assert.Equal(t, uint64(3), l.Dropped())
	out.fail = nil
	for i := range 3 {
		put(l, i)
		require.NoError(t, l.flush())
	}
	assert.Equal(t, uint64(3), l.Dropped())
	text := told.String()
	assert.Equal(t, 2, strings.Count(text, "\n"), text)
	assert.Contains(t, text, `level=WARN msg="access log not written" error="no space left"`)
	assert.Contains(t, text, `level=INFO msg="access log written again" lines_dropped=3`)
	assert.Equal(t, 1, strings.Count(strings.Join(out.lines(), ""), "# 3 lines dropped"))
}

// TestALineTooLongForWhatIsLeft: the buffer stays as it is, whatever a client sends.
func TestALineTooLongForWhatIsLeft(t *testing.T) {
	var out recorder
	l := open(t, &out)
	cfg := to("-")
	cfg.AccessFormat = strings.Repeat(`$http_x`, bufferSize/fieldMax/8)
	target, err := l.Prepare(cfg)
	require.NoError(t, err)
	l.Use(target)
	e := sample()
	e.Fields = []python.Field{{Name: []byte("X"), Value: bytes.Repeat([]byte("x"), fieldMax)}}
	for range 20 {
		l.Write(&e)
	}
	assert.Equal(t, bufferSize+missedMax, cap(l.lines))
	assert.Equal(t, uint64(13), l.Dropped(), "the eighth is longer than what is left then")
	require.NoError(t, l.flush())
	assert.Len(t, out.lines(), 7+1+1)
}

func TestTheLastFailureIsReturned(t *testing.T) {
	full := errors.New("no space left")
	l := open(t, &recorder{fail: func([]byte) (int, error) { return 0, full }})
	put(l, 1)
	require.ErrorIs(t, run(l)(), full)
}

func TestAFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	for i := range 2 {
		l := openAt(t, path)
		require.True(t, l.Enabled())
		stop := run(l)
		put(l, i)
		require.NoError(t, stop())
		require.NoError(t, l.Close())
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(text), "\n"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&^0o640)
}

func TestAFileThatCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "access.log")
	_, err := Open(to(path), Stdout{}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
}

func TestALogToNowhere(t *testing.T) {
	l := openAt(t, "")
	assert.False(t, l.Enabled())
	stop := run(l)
	put(l, 1)
	require.NoError(t, stop())
	require.NoError(t, l.Close())
}

func TestWriteDoesNotAllocate(t *testing.T) {
	l := open(t, io.Discard)
	e := sample()
	assert.Zero(t, testing.AllocsPerRun(100, func() { l.Write(&e) }))
}

func BenchmarkWrite(b *testing.B) {
	l := open(b, io.Discard)
	e := sample()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.Write(&e)
		if i%1000 == 0 { // before the buffer is full, since a line that is dropped costs nothing
			require.NoError(b, l.flush())
		}
	}
}
