//go:build !linux

// Package pause waits for a moment.
package pause

import (
	"context"
	"time"
)

// Until returns when the time has come, or when ctx has ended.
func Until(ctx context.Context, due time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(due)):
	}
}
