package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outcome is what a call returned that ran on a goroutine of its own.
type outcome struct {
	n   int64
	err error
}

// later runs f on a goroutine of its own. In a bubble of synctest the result is there after Wait, unless f blocks.
func later[N int | int64](f func() (N, error)) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		n, err := f()
		done <- outcome{int64(n), err}
	}()
	return done
}

func write(s *Spool, text string) <-chan outcome {
	return later(func() (int, error) { return s.Write([]byte(text)) })
}

// finished returns the result of a call that is over.
func finished(t *testing.T, done <-chan outcome) outcome {
	t.Helper()
	synctest.Wait()
	select {
	case o := <-done:
		return o
	default:
		require.Fail(t, "the call blocks")
		return outcome{}
	}
}

func assertBlocks(t *testing.T, done <-chan outcome) {
	t.Helper()
	synctest.Wait()
	assert.Empty(t, done, "the call should block")
}

// read reads at most n bytes with one call.
func read(t *testing.T, s *Spool, n int) string {
	t.Helper()
	p := make([]byte, n)
	got, err := s.Read(p)
	require.NoError(t, err)
	return string(p[:got])
}

func TestWhatIsWrittenIsReadableAtOnce(t *testing.T) {
	s := New(Limits{Memory: 100})
	for _, event := range []string{"data: 1\n\n", "data: 2\n\n"} {
		n, err := s.Write([]byte(event))
		require.NoError(t, err)
		assert.Equal(t, len(event), n)
		assert.Equal(t, event, read(t, s, 100))
	}
}

func TestReadWaitsForTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 100})
		p := make([]byte, 10)
		assert.False(t, s.Waited())
		reading := later(func() (int, error) { return s.Read(p) })
		assertBlocks(t, reading)
		assert.True(t, s.Waited())
		require.Equal(t, outcome{3, nil}, finished(t, write(s, "abc")))
		require.Equal(t, outcome{3, nil}, finished(t, reading))
		assert.False(t, s.Waited())
		assert.Equal(t, "abc", string(p[:3]))
	})
}

func TestWriterWaitsWhenMemoryIsFullAndThereIsNoFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 4})
		writing := write(s, "abcdef")
		assertBlocks(t, writing)
		assert.Equal(t, "a", read(t, s, 1))
		assertBlocks(t, writing)
		assert.Equal(t, "bcd", read(t, s, 10), "a piece is free when all of it has been read")
		require.Equal(t, outcome{6, nil}, finished(t, writing))
		assert.Equal(t, "ef", read(t, s, 10))
	})
}

func TestWriterWaitsWhenMemoryAndFileAreFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 4, File: 6, Dir: t.TempDir()})
		defer finish(s)
		writing := write(s, "abcdEFGHIJkl")
		assertBlocks(t, writing)
		assert.Equal(t, "abcd", read(t, s, 10), "memory is older than the file")
		assertBlocks(t, writing)
		assert.Equal(t, "E", read(t, s, 1), "this makes room for k where E was")
		assertBlocks(t, writing)
		assert.Equal(t, "FGHIJ", read(t, s, 10), "up to the end of the ring")
		require.Equal(t, outcome{12, nil}, finished(t, writing))
		assert.Equal(t, "kl", readAvailable(t, s, 2))
	})
}

// readAvailable reads n bytes, in as many calls as it takes.
func readAvailable(t *testing.T, s *Spool, n int) string {
	t.Helper()
	p := make([]byte, n)
	_, err := io.ReadFull(s, p)
	require.NoError(t, err)
	return string(p)
}

// finish ends both sides.
func finish(s *Spool) {
	s.Close()
	s.End(nil)
}

func TestMemoryIsUsedAgainWhenTheFileIsReadOut(t *testing.T) {
	s := New(Limits{Memory: 4, File: 100, Dir: t.TempDir()})
	defer finish(s)
	_, err := s.Write([]byte("abcdEFGH"))
	require.NoError(t, err)
	assert.Equal(t, "abcdEFGH", readAvailable(t, s, 8))
	_, err = s.Write([]byte("ijkl"))
	require.NoError(t, err)
	assert.Equal(t, 4, s.memory.last.end)
	assert.Equal(t, int64(4), s.disk.end, "nothing more went to the file")
	assert.Equal(t, "ijkl", readAvailable(t, s, 4))
}

func TestWriterLearnsThatTheReaderIsGone(t *testing.T) {
	t.Run("at its next write", func(t *testing.T) {
		s := New(Limits{Memory: 10})
		_, err := s.Write([]byte("abc"))
		require.NoError(t, err)
		s.Close()
		n, err := s.Write([]byte("def"))
		assert.ErrorIs(t, err, ErrReaderGone)
		assert.Zero(t, n)
	})
	t.Run("while it waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Limits{Memory: 4})
			writing := write(s, "abcdef")
			assertBlocks(t, writing)
			s.Close()
			assert.Equal(t, outcome{4, ErrReaderGone}, finished(t, writing))
		})
	})
}

func TestReadAfterCloseIsRefused(t *testing.T) {
	s := New(Limits{Memory: 10})
	_, err := s.Write([]byte("abc"))
	require.NoError(t, err)
	s.Close()
	s.Close()
	_, err = s.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrClosed)
}

func TestEnd(t *testing.T) {
	cut := errors.New("the worker died")
	tests := map[string]struct {
		ends []error
		want error
	}{
		"whole":                       {[]error{nil}, io.EOF},
		"cut":                         {[]error{cut}, cut},
		"only the first counts":       {[]error{cut, nil}, cut},
		"a whole body stays one":      {[]error{nil, cut}, io.EOF},
		"its own error, not a copy's": {[]error{fmt.Errorf("abort: %w", cut)}, cut},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Limits{Memory: 2, File: 10, Dir: t.TempDir()})
			defer s.Close()
			_, err := s.Write([]byte("abcd"))
			require.NoError(t, err)
			for _, err := range tt.ends {
				s.End(err)
			}
			assert.Equal(t, "abcd", readAvailable(t, s, 4), "what was written comes first")
			for range 2 {
				n, err := s.Read(make([]byte, 1))
				assert.Zero(t, n)
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
}

func TestEndWakesTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 1})
		reading := later(func() (int, error) { return s.Read(make([]byte, 1)) })
		assertBlocks(t, reading)
		s.End(nil)
		assert.Equal(t, outcome{0, io.EOF}, finished(t, reading))
	})
}

func TestEmptyWriteDoesNotBlock(t *testing.T) {
	s := New(Limits{Memory: 1})
	_, err := s.Write([]byte("a"))
	require.NoError(t, err)
	n, err := s.Write(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)
}

// TestBytesComeInOrder moves bodies through spools of many sizes, the file a ring that wraps often, with a writer and a
// reader whose steps are random.
func TestBytesComeInOrder(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test that can be repeated
		limits := Limits{Memory: 1 + random.Int64N(64), File: random.Int64N(100), Dir: dir}
		length := 5000
		if seed%2 == 1 { // several pieces
			limits.Memory, limits.File, length = limits.Memory*PieceSize/16, limits.File*PieceSize/16, 100_000
		}
		t.Run(fmt.Sprintf("seed %d, memory %d, file %d", seed, limits.Memory, limits.File), func(t *testing.T) {
			body := make([]byte, random.IntN(length))
			for i := range body {
				body[i] = byte(random.Uint32())
			}
			s := New(limits)
			writing := later(func() (int64, error) { return writeRandomly(s, body, seed, length/25) })
			got := readRandomly(t, s, seed, length/33)
			assert.Equal(t, outcome{int64(len(body)), nil}, <-writing)
			assert.True(t, bytes.Equal(body, got), "%d bytes were written, %d read", len(body), len(got))
			s.Close()
			assertNoFile(t, dir)
		})
	}
}

func writeRandomly(s *Spool, body []byte, seed uint64, most int) (written int64, err error) {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a test that can be repeated
	defer s.End(nil)
	for len(body) > 0 {
		n, err := s.Write(body[:min(len(body), random.IntN(most))])
		written += int64(n)
		if err != nil {
			return written, err
		}
		body = body[n:]
	}
	return written, nil
}

// readRandomly reads to the end, and looks after the bounds between the reads.
func readRandomly(t *testing.T, s *Spool, seed uint64, most int) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test that can be repeated
	var got []byte
	for {
		p := make([]byte, 1+random.IntN(most))
		n, err := s.Read(p)
		got = append(got, p[:n]...)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return got
		}
		require.Positive(t, n)
		s.mu.Lock()
		inMemory, inFile := int64(0), s.disk.waits()
		for p := s.memory.first; p != nil; p = p.next {
			inMemory += int64(p.end - p.start)
		}
		s.mu.Unlock()
		require.LessOrEqual(t, inMemory, s.limits.Memory)
		require.LessOrEqual(t, inFile, s.limits.File)
	}
}

// A client may leave at any moment. The writer is told, and nothing is left open.
func TestReaderThatLeavesAnywhere(t *testing.T) {
	dir := t.TempDir()
	body := make([]byte, 3000)
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // a test that can be repeated
		s := New(Limits{Memory: 1 + random.Int64N(16), File: 1 + random.Int64N(64), Dir: dir})
		writing := later(func() (int64, error) { return writeRandomly(s, body, seed, 200) })
		for range random.IntN(20) {
			_, err := s.Read(make([]byte, 1+random.IntN(100)))
			require.NoError(t, err)
		}
		s.Close()
		require.ErrorIs(t, (<-writing).err, ErrReaderGone)
		assertNoFile(t, dir)
	}
}

func TestWriteNowNeverWaitsForTheReader(t *testing.T) {
	s := New(Limits{Memory: 4, File: 3, Dir: t.TempDir()})
	defer finish(s)
	for _, want := range []int{7, 0} {
		n, err := s.WriteNow([]byte("abcdEFGhij"))
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
	assert.Equal(t, "abcdEFG", readAvailable(t, s, 7))
	s.Close()
	_, err := s.WriteNow([]byte("x"))
	assert.ErrorIs(t, err, ErrReaderGone)
}

// An event stream whose client keeps up costs no memory between two events.
func TestSpoolThatIsReadOutHoldsNoMemory(t *testing.T) {
	budget := NewBudget(1 << 20)
	s := New(Limits{Memory: 1 << 17, Budget: budget})
	defer finish(s)
	for range 3 {
		_, err := s.Write(make([]byte, 100_000))
		require.NoError(t, err)
		assert.Equal(t, int64(100_000/PieceSize*PieceSize), budget.Used(), "all but the first piece")
		readAvailable(t, s, 100_000)
		assert.Zero(t, s.memory)
		assert.Zero(t, budget.Used())
	}
}

func TestOnClose(t *testing.T) {
	cases := map[string]struct {
		do   func(s *Spool, told func())
		want int
	}{
		"closed":               {func(s *Spool, told func()) { s.OnClose(told); s.Close(); s.Close() }, 1},
		"closed before":        {func(s *Spool, told func()) { s.Close(); s.OnClose(told) }, 1},
		"ended, then closed":   {func(s *Spool, told func()) { s.OnClose(told); s.End(nil); s.Close() }, 0},
		"ended before":         {func(s *Spool, told func()) { s.End(nil); s.OnClose(told); s.Close() }, 0},
		"closed, then ended":   {func(s *Spool, told func()) { s.OnClose(told); s.Close(); s.End(nil) }, 1},
		"nobody wants to know": {func(s *Spool, _ func()) { s.Close() }, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c.do(New(Limits{Memory: 1}), func() { calls++ })
			assert.Equal(t, c.want, calls)
		})
	}
}
