package measure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBucketsLieSideBySide(t *testing.T) {
	require.LessOrEqual(t, len(edges)+1, most)
	require.Len(t, coarse, len(Bounds))
	assert.True(t, slices.IsSorted(edges))
	for i, edge := range edges {
		assert.Equal(t, i, bucketOf(edge), "%v is the last of its bucket", edge)
		assert.Equal(t, i+1, bucketOf(edge+1), "%v is the first of the next", edge+1)
	}
	for d, want := range map[time.Duration]int{-time.Second: 0, 0: 0, 1: 0, math.MaxInt64: len(edges)} {
		assert.Equal(t, want, bucketOf(d), "%v", d)
	}
}

// TestBoundsAreExact: the bound itself is below it, as Prometheus says le, and one nanosecond more is not.
func TestBoundsAreExact(t *testing.T) {
	for i := range Bounds {
		var h histogram
		h.add(bound(i))
		h.add(bound(i) + 1)
		var times Times
		times.collect(&h)
		below := times.Below()
		for j, n := range below {
			want := 0
			if j == i {
				want = 1
			} else if j > i {
				want = 2
			}
			assert.EqualValues(t, want, n, "%v below %v", bound(i), bound(j))
		}
	}
}

func TestQuantilesAreNearTheTrueOnes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test wants the same again
	var h histogram
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(math.Exp(random.Float64()*10) * float64(20*time.Microsecond)) // to 440 ms
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	var times Times
	times.collect(&h)
	assert.EqualValues(t, len(all), times.Count())
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
		want := all[int(q*float64(len(all)-1))]
		assert.InEpsilon(t, want, times.Quantile(q), 1.0/16, "of %v", q)
	}
	var none Times
	assert.Zero(t, none.Quantile(0.5))
}

func TestWhoHasNotWaitedHasNotWaited(t *testing.T) {
	var h histogram
	h.add(0)
	h.add(5 * time.Microsecond)
	var times Times
	times.collect(&h)
	assert.Zero(t, times.Quantile(0))
	assert.InEpsilon(t, 5*time.Microsecond, times.Quantile(1), 1.0/16)
}
