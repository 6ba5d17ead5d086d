package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudget(t *testing.T) {
	b := NewBudget(10)
	assert.True(t, b.Take(7))
	assert.False(t, b.Take(4), "all of them or none")
	assert.True(t, b.Take(3))
	assert.False(t, b.Take(1))
	assert.Equal(t, int64(10), b.Used())
	b.Give(4)
	assert.True(t, b.Take(2))
	b.Give(8)
	assert.Zero(t, b.Used())
	assert.Panics(t, func() { b.Give(1) }, "it was not taken")
}

func TestBudgetThatIsResized(t *testing.T) {
	b := NewBudget(10)
	require.True(t, b.Take(8))
	b.Resize(5)
	assert.False(t, b.Take(1))
	assert.Equal(t, int64(8), b.Used(), "what is taken stays taken")
	b.Give(4)
	assert.True(t, b.Take(1))
	b.Resize(0)
	b.Give(5)
	assert.False(t, b.Take(1))
}

func TestNoBudgetIsNoBound(t *testing.T) {
	var b *Budget
	assert.True(t, b.Take(1<<62))
	b.Give(1 << 62)
	assert.Zero(t, b.Used())
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	const limit = 1000
	b := NewBudget(limit)
	var takers sync.WaitGroup
	for seed := range uint64(8) {
		takers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // a test that can be repeated
			for range 5000 {
				n := 1 + random.Int64N(limit/2)
				if b.Take(n) {
					assert.LessOrEqual(t, b.Used(), int64(limit))
					b.Give(n)
				}
			}
		})
	}
	takers.Wait()
	assert.Zero(t, b.Used())
}

// Without memory of the budget a body goes to the file at once, after the one piece that every spool has.
func TestSpoolWithoutBudgetGoesToItsFile(t *testing.T) {
	s := New(Limits{Memory: 1 << 20, File: 1 << 20, Dir: t.TempDir(), Budget: NewBudget(2*PieceSize - 1)})
	defer finish(s)
	body := make([]byte, 10*PieceSize)
	n, err := s.Write(body)
	require.NoError(t, err)
	assert.Len(t, body, n)
	assert.Equal(t, 2, s.memory.count)
	assert.Equal(t, int64(len(body)-2*len(piece{}.data)), s.disk.end)
	assert.Equal(t, body, []byte(readAvailable(t, s, len(body))))
}

func TestSpoolWithoutBudgetAndFileWaitsForItsReaderOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(0)
		s := New(Limits{Memory: 1 << 20, Budget: budget})
		body := make([]byte, 3*PieceSize)
		writing := later(func() (int, error) { return s.Write(body) })
		for range 2 {
			assertBlocks(t, writing)
			readAvailable(t, s, len(piece{}.data))
		}
		assertBlocks(t, writing) // a fourth piece is needed, as each has less than PieceSize of the body
		budget.Resize(1 << 20)
		readAvailable(t, s, 1) // the writer looks again when something was read
		require.Equal(t, outcome{int64(len(body)), nil}, finished(t, writing))
		readAvailable(t, s, len(body)-2*len(piece{}.data)-1)
		assert.Zero(t, budget.Used())
	})
}

// TestSpoolsShareABudget moves bodies through many spools at once, some without a file, some with a disk that fails, some
// whose reader leaves early. Every body arrives whole, the budget is never exceeded, and all of it comes back.
func TestSpoolsShareABudget(t *testing.T) {
	budget := NewBudget(20 * PieceSize)
	dir := t.TempDir()
	disks := []Limits{{}, {File: 1 << 20, Dir: dir}, {File: 10_000, Dir: dir}, {File: 1 << 20, Dir: dir + "/missing"}}
	var bodies sync.WaitGroup
	for seed := range uint64(80) {
		limits := disks[seed%4]
		limits.Memory, limits.Budget = 8*PieceSize, budget
		bodies.Go(func() { passBody(t, New(limits), seed) })
	}
	bodies.Wait()
	assert.Zero(t, budget.Used())
	assertNoFile(t, dir)
}

// passBody moves a body through a spool, or for each fifth seed only the beginning of it.
func passBody(t *testing.T, s *Spool, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // a test that can be repeated
	body := make([]byte, 200_000+random.IntN(200_000))
	for i := range body {
		body[i] = byte(i >> 8)
	}
	writing := later(func() (int64, error) { return writeRandomly(s, body, seed, 20_000) })
	if seed%5 == 0 {
		_, err := s.Read(make([]byte, 1+random.IntN(10_000)))
		assert.NoError(t, err)
		s.Close()
		if err := (<-writing).err; err != nil { // it may have written everything before
			assert.ErrorIs(t, err, ErrReaderGone)
		}
		return
	}
	got := readRandomly(t, s, seed, 30_000)
	assert.LessOrEqual(t, s.limits.Budget.Used(), int64(20*PieceSize))
	s.Close()
	assert.Equal(t, outcome{int64(len(body)), nil}, <-writing)
	assert.True(t, bytes.Equal(body, got), "seed %d", seed)
}

func BenchmarkSpool(b *testing.B) {
	for _, size := range []int{100, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := New(Limits{Memory: 128 << 10, Budget: NewBudget(1 << 20)})
			p, q := make([]byte, size), make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Write(p); err != nil {
					b.Fatal(err)
				}
				for n := 0; n < size; {
					got, err := s.Read(q)
					if err != nil {
						b.Fatal(err)
					}
					n += got
				}
			}
		})
	}
}
