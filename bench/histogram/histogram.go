// Package histogram counts times so that their percentiles can be told afterwards, in memory that does not grow with their
// number: 64 KiB for any times up to days, each to within one part in 128.
package histogram

import (
	"math"
	"math/bits"
	"time"
)

// Between two powers of two there are 128 buckets of the same width, as in an HDR histogram; below 128 ns each is 1 ns wide.
const (
	precision = 7
	steps     = 1 << precision
	buckets   = (64 - precision) * steps
)

// Histogram is a count of times. The zero value is empty. It belongs to one goroutine.
type Histogram struct {
	counts  [buckets]uint64
	total   uint64
	longest time.Duration
}

// Add counts a time once. What is below nothing counts as nothing.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.total++
	h.longest = max(h.longest, d)
}

// Merge counts all that another one has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.longest = max(h.longest, other.longest)
}

// Count is how many times were counted.
func (h *Histogram) Count() int { return int(h.total) }

// Longest is the longest of them, exactly.
func (h *Histogram) Longest() time.Duration { return h.longest }

// Quantile is the smallest time that the part q of all, between 0 and 1, does not exceed (nearest rank). It is 0 where
// nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.total))), 1)
	seen := uint64(0)
	for i, n := range h.counts {
		if seen += n; n > 0 && seen >= rank {
			return min(upper(i), h.longest)
		}
	}
	return h.longest
}

// bucket is the index of the bucket that a time falls into.
func bucket(v uint64) int {
	if v < steps {
		return int(v)
	}
	shift := bits.Len64(v) - precision - 1
	return shift*steps + int(v>>shift)
}

// upper is the longest time that falls into a bucket.
func upper(index int) time.Duration {
	if index < steps {
		return time.Duration(index)
	}
	shift := index/steps - 1
	return time.Duration((uint64(index%steps+steps)+1)<<shift - 1)
}
