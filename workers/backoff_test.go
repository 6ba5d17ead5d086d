package workers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	ms := time.Millisecond
	for n, want := range []time.Duration{1: 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10 * time.Second} {
		if n > 0 {
			assert.Equal(t, want, backoff(n), "after %d failed starts", n)
		}
	}
	assert.Equal(t, 10*time.Second, backoff(1000))
}

func TestWaitsOfSeveralWorkersAreSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		wait := spread(backoff(1))
		assert.LessOrEqual(t, wait, firstBackoff)
		assert.GreaterOrEqual(t, wait, leastWait(1))
		seen[wait] = true
	}
	assert.Greater(t, len(seen), 1)
}

// leastWait is what chance leaves of the wait after n failed starts.
func leastWait(n int) time.Duration { return backoff(n) - backoff(n)/backoffSpread }
