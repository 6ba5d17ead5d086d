//go:build !linux

package workers

import (
	"context"
	"log/slog"
	"os"
)

// Adopts reports whether the kernel gives this process the children of others. Only Linux has such.
func Adopts() bool { return false }

// Reap waits until ctx ends.
func Reap(ctx context.Context, _ <-chan os.Signal, _ *slog.Logger) { <-ctx.Done() }
