//go:build !linux

package workers

import (
	"context"
	"log/slog"
	"os"
)

// Reap waits until ctx ends: only Linux gives a process the children of others.
func Reap(ctx context.Context, _ <-chan os.Signal, _ *slog.Logger) { <-ctx.Done() }
