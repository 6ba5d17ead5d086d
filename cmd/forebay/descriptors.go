package main

import (
	"log/slog"
	"math"
	"syscall"

	"forebay/config"
)

// What a worker needs of our descriptors: while it serves, for itself and for each of its threads; and while it is started,
// when its own ends are still ours.
const (
	worker, workerThread   = 6, 3
	nursling, nurslingPart = 12, 6
)

const (
	// ownDescriptors are those that listeners, logs, epoll instances and standard streams have.
	ownDescriptors = 32
	// spareDescriptors are for what comes and goes: connections to Redis and of the admin listener, and logs.
	spareDescriptors = 64
	// fileShare is which part of all is for the temporary files of requests and responses.
	fileShare = 8
)

// forClients is how many of limit descriptors may be open when a client is let in. The others are kept: so many that, with
// clients in all places that they can have, all workers can be started anew, beside those that serve, and files, logs and
// Redis be opened. Where the limit is small, both have half of what the workers leave.
func forClients(limit int, cfg config.Config) int {
	n, threads := cfg.Workers.Processes, cfg.Workers.Threads
	taken := ownDescriptors + n*(worker+workerThread*threads)
	kept := spareDescriptors + cfg.Proxy.StaticFiles + limit/fileShare + n*(nursling+nurslingPart*threads)
	return limit - min(kept, max(limit-taken, 0)/2)
}

// descriptorLimit is how many descriptors we may have: Go has raised the limit to the hard one.
func descriptorLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}

// checkDescriptors says that max_connections is more than there may be.
func checkDescriptors(cfg config.Config, log *slog.Logger) {
	limit := descriptorLimit()
	if most := forClients(limit, cfg); cfg.Proxy.MaxConnections > most {
		log.Warn("max_connections is more than the limit of open files allows; further ones wait",
			"max_connections", cfg.Proxy.MaxConnections, "for_clients", most, "limit", limit)
	}
}
