package main

import (
	"log/slog"
	"math"
	"runtime/debug"

	"forebay/config"
)

// What of the cgroup's memory, which the workers share, forebay itself is to take at most: bodies and responses that wait,
// static files, and all of Go's memory, where nothing else is set.
const (
	spoolShare  = 8
	staticShare = 16
	ownShare    = 4
)

// fitted is a configuration whose memory fits into limit bytes: a default that suits a machine would fill a small
// container, and the kernel would kill a worker for it.
func fitted(cfg config.Config, limit int64) config.Config {
	cfg.Proxy.SpoolMemory = min(cfg.Proxy.SpoolMemory, limit/spoolShare)
	cfg.Proxy.StaticMemory = min(cfg.Proxy.StaticMemory, limit/staticShare)
	return cfg
}

// limitOwnMemory makes Go's garbage collector work harder when forebay itself takes its share of limit bytes. GOMEMLIMIT is
// stronger. It is a soft limit: Go exceeds it rather than doing nothing but collect.
func limitOwnMemory(limit int64, log *slog.Logger) {
	const asIs = -1
	if limit == math.MaxInt64 || debug.SetMemoryLimit(asIs) != math.MaxInt64 {
		return
	}
	debug.SetMemoryLimit(limit / ownShare)
	log.Info("memory is limited by the cgroup", "limit", limit, "own", limit/ownShare)
}
