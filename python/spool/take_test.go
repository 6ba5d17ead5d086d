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
		if b.File != nil {
			part := make([]byte, b.Size)
			_, err := b.File.ReadAt(part, b.Offset)
			require.NoError(t, err)
			all = append(all, part...)
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
			body := make([]byte, 1<<20)
			for i := range body {
				body[i] = byte(i * 7 / 3)
			}
			go func() { // ends when all is written
				random := rand.New(rand.NewPCG(1, 2))
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

// TestABatchKeepsItsMemoryAndItsFile: the spool may be closed, and the body end, while what was taken is being sent.
func TestABatchKeepsItsMemoryAndItsFile(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		budget := NewBudget(10 * PieceSize)
		s := New(Limits{Memory: 1 << 20, Budget: budget})
		_, err := s.Write(make([]byte, 3*PieceSize))
		require.NoError(t, err)
		var b Batch
		require.NoError(t, s.Take(&b, true))
		s.End(nil)
		s.Close()
		assert.Equal(t, int64(3*PieceSize), b.Size)
		assert.Equal(t, int64(3*PieceSize), budget.Used(), "four pieces, as each has a few words of its own; the first is free")
		s.Release(&b)
		assert.Zero(t, budget.Used())
	})
	t.Run("file", func(t *testing.T) {
		s := New(Limits{Memory: 1, File: 1 << 20, Dir: t.TempDir()})
		_, err := s.Write([]byte("x" + "in the file"))
		require.NoError(t, err)
		var b Batch
		require.NoError(t, s.Take(&b, true)) // the first byte
		s.Release(&b)
		require.NoError(t, s.Take(&b, true))
		require.NotNil(t, b.File)
		s.End(nil)
		s.Close()
		_, err = b.File.Stat()
		require.NoError(t, err, "it is still open")
		file := b.File
		s.Release(&b)
		_, err = file.Stat()
		require.ErrorIs(t, err, os.ErrClosed)
	})
}
