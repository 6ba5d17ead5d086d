// Package pause waits for a moment more exactly than Go's own timers do.
package pause

import (
	"context"
	"syscall"
	"time"
)

// longestPause is how long the end of a context may go unnoticed.
const longestPause = 100 * time.Millisecond

// Until returns when the time has come, or soon after ctx has ended. Go's own timers come up to a millisecond late, since
// an idle program waits in epoll_wait, which counts in milliseconds: too coarse where an answer takes a quarter of one.
// The price is a thread of the system for each client that pauses.
func Until(ctx context.Context, due time.Time) {
	for ctx.Err() == nil {
		left := time.Until(due)
		if left <= 0 {
			return
		}
		pause := syscall.NsecToTimespec(int64(min(left, longestPause)))
		_ = syscall.Nanosleep(&pause, nil) // a signal may end it early; then the loop goes on
	}
}
