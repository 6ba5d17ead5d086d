package dispatch

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inOrder returns when the waiters of a queue came, read in both directions.
func inOrder(t *testing.T, q *queue) []time.Duration {
	t.Helper()
	var forth, back []time.Duration
	for w := q.first; w != nil; w = w.next {
		assert.True(t, w.queued)
		forth = append(forth, w.since)
	}
	for w := q.last; w != nil; w = w.prev {
		back = append(back, w.since)
	}
	slices.Reverse(back)
	require.Equal(t, forth, back)
	require.Len(t, forth, q.len())
	return forth
}

// Whatever is put in, taken out and put back: what waits does so in the order in which it came.
func TestQueueIsInOrder(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test that can be repeated
		var q queue
		var out []*waiter
		for i := range 200 {
			switch {
			case len(out) > 0 && random.IntN(3) == 0: // put back
				n := random.IntN(len(out))
				q.insert(out[n])
				out = slices.Delete(out, n, n+1)
			case q.len() > 0 && random.IntN(2) == 0: // take any
				w := q.first
				for range random.IntN(q.len()) {
					w = w.next
				}
				q.remove(w)
				assert.False(t, w.queued)
				out = append(out, w)
			default:
				q.insert(&waiter{since: time.Duration(i)})
			}
			require.True(t, slices.IsSorted(inOrder(t, &q)))
		}
		for q.len() > 0 {
			q.remove(q.first)
		}
		assert.Equal(t, queue{}, q)
	}
}
