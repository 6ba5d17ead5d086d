package spool

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWholeWaitsForTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 2, File: 10, Dir: t.TempDir()})
		defer s.Close()
		whole := later(s.Whole)
		require.Equal(t, outcome{4, nil}, finished(t, write(s, "abcd")))
		assertBlocks(t, whole)
		s.End(nil)
		assert.Equal(t, outcome{4, nil}, finished(t, whole))
		assert.Equal(t, "abcd", readAvailable(t, s, 4), "nothing of it is lost")
	})
}

func TestWholeOfAnEmptyBody(t *testing.T) {
	s := New(Limits{Memory: 2})
	s.End(nil)
	n, err := s.Whole()
	assert.NoError(t, err)
	assert.Zero(t, n)
}

func TestWholeReturnsTheErrorOfTheEnd(t *testing.T) {
	cut := errors.New("the worker died")
	s := New(Limits{Memory: 2})
	s.End(cut)
	_, err := s.Whole()
	assert.ErrorIs(t, err, cut)
}

func TestWholeGivesUpWhenTheReaderCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Limits{Memory: 2})
		whole := later(s.Whole)
		assertBlocks(t, whole)
		s.Close()
		assert.Equal(t, outcome{0, os.ErrClosed}, finished(t, whole))
	})
}

func TestWholeGivesUpWhenTheSpoolIsFull(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	tests := map[string]struct {
		limits Limits
		before int // bytes read before Whole is called
	}{
		"without a file":              {Limits{Memory: 4}, 0},
		"with a file":                 {Limits{Memory: 4, File: 6, Dir: t.TempDir()}, 0},
		"with memory read before":     {Limits{Memory: 4, File: 6, Dir: t.TempDir()}, 3},
		"with a disk that has failed": {Limits{Memory: 4, File: 1 << 20, Dir: missing}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(tt.limits)
				started := write(s, "abcd")
				require.Equal(t, outcome{4, nil}, finished(t, started))
				if tt.before > 0 {
					// What is read before the file is begun would make room in memory; so it is begun first.
					require.Equal(t, outcome{1, nil}, finished(t, write(s, "e")))
					readAvailable(t, s, tt.before)
				}
				whole := later(s.Whole)
				writing := write(s, "0123456789ab")
				assert.Equal(t, outcome{0, ErrTooLarge}, finished(t, whole))
				assertBlocks(t, writing)
				finish(s)
				assert.ErrorIs(t, finished(t, writing).err, ErrReaderGone)
			})
		})
	}
}
