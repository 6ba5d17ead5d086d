//go:build !linux

package pace

import (
	"context"
	"time"
)

func pauseUntil(ctx context.Context, due time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(due)):
	}
}
