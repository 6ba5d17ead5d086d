package workers

import (
	"math/rand/v2"
	"time"
)

// What a seat waits between two starts: it doubles with each failed one.
const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 10 * time.Second
	// backoffSpread is the part of a wait, one in so many, that chance may take off: workers that died together, as their
	// database did, do not come back together.
	backoffSpread = 4
)

// backoff returns how long to wait at most before the next start after n failed ones in a row.
func backoff(n int) time.Duration {
	wait := firstBackoff
	for range n - 1 {
		if wait *= 2; wait >= lastBackoff {
			return lastBackoff
		}
	}
	return wait
}

// spread takes a part off a wait by chance.
func spread(wait time.Duration) time.Duration {
	return wait - rand.N(wait/backoffSpread+1) //nolint:gosec // it need not be hard to guess
}
