package shared

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff are pauses of which each is about twice as long as the one before it.
type backoff struct{ next, most time.Duration }

// pause makes the next pause, and reports whether it passed before ctx ended.
func (b *backoff) pause(ctx context.Context) bool {
	half := max(1, b.next/2)
	b.next = min(2*b.next, b.most)
	timer := time.NewTimer(half + rand.N(half)) //nolint:gosec // so that not all come back at the same moment
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
