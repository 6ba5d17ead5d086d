package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// chance makes the same times in each run.
func chance() *rand.Rand { return rand.New(rand.NewChaCha8([32]byte{})) } //nolint:gosec // nothing depends on who knows them

func TestEveryTimeIsKeptToWithinOnePartIn128(t *testing.T) {
	times := []uint64{0, 1, 127, 128, 129, 255, 256, 257, 1000, 999_999, 1 << 40, math.MaxInt64}
	random := chance()
	for range 1000 {
		times = append(times, random.Uint64N(math.MaxInt64)>>random.IntN(62))
	}
	for _, v := range times {
		top := uint64(upper(bucket(v)))
		assert.GreaterOrEqual(t, top, v)
		assert.LessOrEqual(t, top-v, v/steps)
		assert.Equal(t, bucket(v), bucket(top), "they are in the same bucket")
	}
}

func TestQuantilesAreThoseOfTheSortedTimes(t *testing.T) {
	h := &Histogram{}
	var times []time.Duration
	random := chance()
	for range 10_000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		times = append(times, d)
		h.Add(d)
	}
	slices.Sort(times)
	assert.Equal(t, len(times), h.Count())
	assert.Equal(t, times[len(times)-1], h.Longest())
	for _, q := range []float64{0.001, 0.5, 0.99, 0.999, 1} {
		exact := float64(times[int(q*float64(len(times)))-1])
		assert.InDelta(t, exact, float64(h.Quantile(q)), exact/steps+1, "%v", q)
	}
}

func TestMerge(t *testing.T) {
	one, other := &Histogram{}, &Histogram{}
	one.Add(time.Millisecond)
	one.Add(-time.Second)
	other.Add(time.Hour)
	one.Merge(other)
	assert.Equal(t, 3, one.Count())
	assert.Equal(t, time.Duration(0), one.Quantile(0.1))
	assert.InDelta(t, float64(time.Millisecond), float64(one.Quantile(0.5)), float64(time.Millisecond)/steps)
	assert.Equal(t, time.Hour, one.Quantile(1))
}

func TestNothingHasNoQuantiles(t *testing.T) {
	assert.Zero(t, (&Histogram{}).Quantile(0.99))
	assert.Zero(t, (&Histogram{}).Longest())
}
