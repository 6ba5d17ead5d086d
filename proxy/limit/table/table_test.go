package table

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type none struct{}

// set says that something of a key means something until then.
func set[V any](t *Table[V], hash uint64, now, until int64) {
	t.Open(hash, now).Until = until
	t.Close(hash)
}

func TestEntries(t *testing.T) {
	table := New[int](100)
	e := table.Open(7, 10)
	assert.Equal(t, Entry[int]{}, *e)
	e.Until, e.Value = 20, 5
	table.Close(7)
	assert.Equal(t, Entry[int]{5, 20}, *table.Open(7, 19))
	table.Close(7)
	assert.Equal(t, int64(20), table.Get(7, 19).Until)
	assert.Zero(t, table.Get(7, 20).Until)
	assert.Zero(t, table.Get(8, 0).Until)
	assert.Equal(t, 1, table.Len(19))
	assert.Equal(t, Entry[int]{}, *table.Open(7, 20), "its time is over")
	table.Close(7)
	assert.Zero(t, table.Len(0), "and its place is free")
}

func TestAnEntryThatIsNotSetTakesNoPlace(t *testing.T) {
	table := New[none](1)
	for hash := range uint64(100) {
		table.Open(hash, 1)
		table.Close(hash)
	}
	assert.Zero(t, table.Len(1))
}

// TestKeys: as long as there are no more keys than the table is for, hardly any is forgotten.
func TestKeys(t *testing.T) {
	const keys = 20_000
	table := New[uint64](keys)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	hashes := make([]uint64, keys)
	for i := range hashes {
		hashes[i] = random.Uint64()
		e := table.Open(hashes[i], 1)
		e.Until, e.Value = 2+random.Int64N(1000), hashes[i]
		table.Close(hashes[i])
	}
	lost := 0
	for _, hash := range hashes {
		if e := table.Open(hash, 1); e.Until == 0 {
			lost++
		} else {
			require.Equal(t, hash, e.Value)
		}
		table.Close(hash)
	}
	assert.LessOrEqual(t, lost, keys/1000)
}

// TestAFloodPushesOutNoOneAtTheLimit: what is remembered longest stays, however many others come.
func TestAFloodPushesOutNoOneAtTheLimit(t *testing.T) {
	const keys, limited = 10_000, 2_000
	table := New[none](keys)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	hashes := make([]uint64, limited)
	for i := range hashes {
		hashes[i] = random.Uint64()
		set(table, hashes[i], 0, 1_000_000)
	}
	for now := range int64(400_000) {
		if now%4 == 0 {
			set(table, random.Uint64(), now/1000, now/1000+1000)
		}
	}
	for _, hash := range hashes {
		require.Equal(t, int64(1_000_000), table.Get(hash, 1000).Until)
	}
}

// TestANewKeyIsRemembered: the table is full of others that mean more, but who comes twice must be known the second time.
func TestANewKeyIsRemembered(t *testing.T) {
	table := New[none](100)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for range 20_000 {
		set(table, random.Uint64(), 0, 1000)
	}
	for range 1000 {
		hash := random.Uint64()
		set(table, hash, 0, 1)
		require.Equal(t, int64(1), table.Get(hash, 0).Until)
	}
}

// TestMemory: a million keys in at most 100 MiB, or an eighth of it all, as memory goes with the keys; and it is given back
// when they mean nothing any more.
func TestMemory(t *testing.T) {
	const keys = 1_000_000 / 8
	before := heap()
	table := New[none](keys)
	assert.Less(t, heap()-before, int64(64<<10), "an empty table")
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for range 2 * keys {
		set(table, random.Uint64(), 0, 10)
	}
	assert.GreaterOrEqual(t, table.Len(0), keys)
	full := heap() - before
	assert.Less(t, full, int64(100<<20/8))
	t.Logf("%d keys in %d KiB", table.Len(0), full>>10)
	table.Tidy(9)
	assert.GreaterOrEqual(t, table.Len(9), keys)
	table.Tidy(10)
	assert.Less(t, heap()-before, int64(64<<10), "a tidy one")
	runtime.KeepAlive(table)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestTidyKeepsWhatMeansSomething(t *testing.T) {
	table := New[uint64](20_000)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for range 20_000 {
		set(table, random.Uint64(), 0, 10)
	}
	var kept []uint64
	for range 1000 {
		hash := random.Uint64()
		e := table.Open(hash, 0)
		e.Until, e.Value = 100, hash
		table.Close(hash)
		kept = append(kept, hash)
	}
	table.Tidy(50)
	for _, hash := range kept {
		e := table.Open(hash, 50)
		require.Equal(t, Entry[uint64]{hash, 100}, *e)
		table.Close(hash)
	}
}

func TestManyAtOnce(t *testing.T) {
	table := New[int](1000)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker))) //nolint:gosec // a test that can be repeated
			for range 20_000 {
				hash := random.Uint64N(16) * 0x9e37_79b9_7f4a_7c15
				e := table.Open(hash, 0)
				e.Until = 1
				e.Value++
				table.Close(hash)
			}
		})
	}
	all.Go(func() {
		for range 100 {
			table.Tidy(0)
			table.Len(0)
		}
	})
	all.Wait()
	sum := 0
	for i := range uint64(16) {
		hash := i * 0x9e37_79b9_7f4a_7c15
		sum += table.Open(hash, 0).Value
		table.Close(hash)
	}
	assert.Equal(t, 80_000, sum)
}

func BenchmarkOpen(b *testing.B) {
	for name, keys := range map[string]int{"1 key": 1, "1,000 keys": 1000, "1,000,000 keys": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			table := New[none](1_000_000)
			random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
			hashes := make([]uint64, keys)
			for i := range hashes {
				hashes[i] = random.Uint64()
				set(table, hashes[i], 0, 1)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				set(table, hashes[i], 0, 1)
				if i++; i == keys {
					i = 0
				}
			}
		})
	}
}
