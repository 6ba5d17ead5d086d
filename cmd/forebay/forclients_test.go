package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestHowManyDescriptorsAreForClients(t *testing.T) {
	with := func(workers, threads int) config.Config {
		cfg := config.Default()
		cfg.Workers.Processes, cfg.Workers.Threads = workers, threads
		return cfg
	}
	assert.Equal(t, 458_104, forClients(1<<19, with(2, 4)))
	for name, c := range map[string]struct{ limit, workers, threads int }{
		"usual": {1024, 2, 4}, "many workers": {1024, 16, 8}, "few descriptors": {256, 4, 4}, "none left": {64, 4, 4},
	} {
		n := forClients(c.limit, with(c.workers, c.threads))
		taken := ownDescriptors + c.workers*(worker+workerThread*c.threads)
		assert.GreaterOrEqual(t, n, min(taken, c.limit), "%s: clients have room", name)
		assert.GreaterOrEqual(t, c.limit-n, max(0, (c.limit-taken)/2), "%s: and so do others", name)
	}
}
