package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drainBatches takes all there is, as a connection does, and returns it with how the body ended.
func drainBatches(t *testing.T, s *Spool) ([]byte, error) {
	t.Helper()
	var all []byte
	var b Batch
	for {
		err := s.Take(&b, true)
		if err != nil {
			return all, err
		}
		before := len(all)
		for _, v := range b.Vectors {
			all = append(all, v...)
		}
		require.Equal(t, b.Size, int64(len(all)-before))
		s.Release(&b)
	}
}

// TestWhatIsTakenIsWhatWasWritten through memory and a ring in a file that is passed several times, while both sides go on.
func TestWhatIsTakenIsWhatWasWritten(t *testing.T) {
	for name, limits := range map[string]Limits{
		"memory":          {Memory: 1 << 20},
		"little memory":   {Memory: 1},
		"memory and file": {Memory: 3 * PieceSize, File: 100_000, Dir: t.TempDir()},
		"file":            {Memory: 1, File: 10_007, Dir: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(8 * PieceSize)
			limits.Budget = budget
			s := New(limits)
			body := make([]byte, 1<<18)
			for i := range body {
				body[i] = byte(i * 7 / 3)
			}
			go func() { // ends when all is written
				random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
				for rest := body; len(rest) > 0; {
					n := min(len(rest), 1+random.IntN(30_000))
					_, _ = s.Write(rest[:n]) // the reader does not leave
					rest = rest[n:]
				}
				s.End(nil)
			}()
			got, err := drainBatches(t, s)
			require.ErrorIs(t, err, io.EOF)
			require.True(t, bytes.Equal(body, got))
			s.Close()
			assert.Zero(t, budget.Used())
		})
	}
}

func TestTakeWithoutWaiting(t *testing.T) {
	s := New(Limits{Memory: 100})
	var b Batch
	require.NoError(t, s.Take(&b, false))
	assert.Zero(t, b.Size)
	s.Release(&b)
	_, err := s.Write([]byte("a"))
	require.NoError(t, err)
	require.NoError(t, s.Take(&b, false))
	assert.Equal(t, "a", string(b.Vectors[0]))
	s.Release(&b)
	s.End(errors.New("boom"))
	require.EqualError(t, s.Take(&b, false), "boom")
	s.Close()
	require.ErrorIs(t, s.Take(&b, true), os.ErrClosed)
}

// The spool may be closed, and the body end, while what was taken is being sent.
func TestABatchKeepsItsMemory(t *testing.T) {
	for name, limits := range map[string]Limits{
		"from memory":   {Memory: 1 << 20},
		"from the file": {Memory: 1, File: 1 << 20, Dir: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			limits.Budget = NewBudget(10 * PieceSize)
			s := New(limits)
			_, err := s.Write([]byte("x"))
			require.NoError(t, err)
			readAvailable(t, s, 1)
			if limits.File > 0 {
				_, err = s.Write([]byte("x"))
				require.NoError(t, err)
			}
			body := bytes.Repeat([]byte("abc"), PieceSize)
			_, err = s.Write(body)
			require.NoError(t, err)
			if limits.File > 0 {
				readAvailable(t, s, 1)
			}
			var b Batch
			require.NoError(t, s.Take(&b, true))
			s.End(nil)
			s.Close()
			assert.Equal(t, body, bytes.Join(b.Vectors, nil))
			assert.Equal(t, int64(len(body)), b.Size)
			assert.Equal(t, int64(3*PieceSize), limits.Budget.Used(), "four pieces, as each has a few words of its own; the first is free")
			s.Release(&b)
			assert.Zero(t, limits.Budget.Used())
		})
	}
}

// What waits in the file comes in smaller batches, one piece at least, where the budget has no memory.
func TestTakeFromTheFileWithoutBudget(t *testing.T) {
	for pieces, budget := range map[int64]*Budget{1: NewBudget(0), 3: NewBudget(2 * PieceSize), maxTake: nil} {
		s := New(Limits{Memory: 1, File: 1 << 20, Dir: t.TempDir(), Budget: budget})
		_, err := s.Write(make([]byte, 1+(maxTake+1)*PieceSize))
		require.NoError(t, err)
		readAvailable(t, s, 1)
		var b Batch
		require.NoError(t, s.Take(&b, true))
		assert.Equal(t, pieces*int64(len(piece{}.data)), b.Size)
		s.Release(&b)
		finish(s)
		assert.Zero(t, budget.Used())
	}
}

func TestTakeFromAFileThatCannotBeRead(t *testing.T) {
	tests := map[string]func(f *os.File) error{
		"broken":    func(f *os.File) error { return f.Close() },
		"truncated": func(f *os.File) error { return f.Truncate(0) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(10 * PieceSize)
			s := New(Limits{Memory: 1, File: 1 << 20, Dir: t.TempDir(), Budget: budget})
			defer finish(s)
			_, err := s.Write(make([]byte, 1+3*PieceSize))
			require.NoError(t, err)
			s.End(nil)
			readAvailable(t, s, 1)
			require.NoError(t, spoil(s.disk.file))
			var b Batch
			err = s.Take(&b, true)
			require.Error(t, err)
			assert.NotErrorIs(t, err, io.EOF)
			assert.Zero(t, budget.Used())
		})
	}
}
