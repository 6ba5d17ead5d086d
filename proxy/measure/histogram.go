package measure

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of the buckets that are given away, in seconds. Below and above them nothing is told apart
// there; percentiles come of finer buckets.
var Bounds = []float64{
	0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
}

// The fine buckets split each power of two into steps, from floor on: within a bucket times differ by an eighth at most.
// Where one of Bounds falls into a step it splits it, so that both kinds can be told from one set of counters.
const (
	steps    = 8
	stepBits = 3
	floor    = 10 // 2^10 ns = 1 µs: what is shorter is in the first bucket
	ceiling  = 37 // 2^37 ns = 137 s: what is longer is in the last one
	raw      = (ceiling - floor) * steps
)

var (
	edges  []time.Duration // the upper bounds of the fine buckets, included; the last bucket has none
	first  [raw + 2]int    // by step: its first bucket
	coarse []int           // by index in Bounds: the first bucket above it
)

const (
	most    = raw + 2 + 16 // buckets, with those that Bounds make
	largest = time.Duration(1) << ceiling
)

func init() { //nolint:gochecknoinits // a table that is computed once
	next := 0
	for step := range raw + 1 {
		first[step] = len(edges)
		upper := lowest(step+1) - 1
		for next < len(Bounds) && bound(next) < upper {
			edges = append(edges, bound(next))
			coarse = append(coarse, len(edges))
			next++
		}
		edges = append(edges, upper)
	}
	first[raw+1] = len(edges)
}

func bound(i int) time.Duration { return time.Duration(Bounds[i] * float64(time.Second)) }

// stepOf returns the step that a time is in: 0 below floor, raw+1 above ceiling.
func stepOf(d time.Duration) int {
	if d < 1<<floor {
		return 0
	}
	if d >= largest {
		return raw + 1
	}
	power := bits.Len64(uint64(d)) - 1
	within := int(d>>(power-stepBits)) & (steps - 1)
	return 1 + (power-floor)*steps + within
}

// lowest returns the shortest time in a step.
func lowest(step int) time.Duration {
	if step == 0 {
		return 0
	}
	step--
	return time.Duration(steps+step%steps) << (floor + step/steps - stepBits)
}

// bucketOf returns the bucket that a time is in.
func bucketOf(d time.Duration) int {
	i := first[stepOf(d)]
	if i < len(edges) && d > edges[i] {
		i++
	}
	return i
}

// histogram counts times. Safe for concurrent use.
type histogram struct {
	buckets [most]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	h.sum.Add(int64(d))
}

// Times is how many times of which length there were.
type Times struct {
	// Sum is that of all of them.
	Sum     time.Duration
	buckets [most]uint64
}

// collect adds what a histogram has counted.
func (t *Times) collect(h *histogram) {
	for i := range h.buckets {
		t.buckets[i] += h.buckets[i].Load()
	}
	t.Sum += time.Duration(h.sum.Load())
}

func (t *Times) add(other *Times) {
	for i, n := range other.buckets {
		t.buckets[i] += n
	}
	t.Sum += other.Sum
}

func (t *Times) subtract(other *Times) {
	for i, n := range other.buckets {
		t.buckets[i] -= n
	}
	t.Sum -= other.Sum
}

// Count returns how many there were.
func (t *Times) Count() (n uint64) {
	for _, bucket := range t.buckets {
		n += bucket
	}
	return n
}

// Below returns how many were no longer than each of Bounds.
func (t *Times) Below() []uint64 {
	below := make([]uint64, len(Bounds))
	n, i := uint64(0), 0
	for b, end := range coarse {
		for ; i < end; i++ {
			n += t.buckets[i]
		}
		below[b] = n
	}
	return below
}

// Quantile returns a time that the part q of all were no longer than, to within a sixteenth; 0 if there were none.
func (t *Times) Quantile(q float64) time.Duration {
	count := t.Count()
	if count == 0 {
		return 0
	}
	rank := uint64(q * float64(count-1)) // of those before it
	for i, n := range t.buckets {
		if rank < n {
			return middle(i)
		}
		rank -= n
	}
	return largest
}

// middle returns the time in the middle of a bucket.
func middle(i int) time.Duration {
	if i >= len(edges) {
		return largest
	}
	if i == 0 {
		return 0 // mostly that: who finds an idle thread has not waited
	}
	return (edges[i-1] + edges[i]) / 2
}
