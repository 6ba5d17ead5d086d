package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestFitted(t *testing.T) {
	cases := map[string]struct{ limit, spool, static int64 }{
		"no limit":          {math.MaxInt64, 256 << 20, 192 << 20},
		"a large container": {8 << 30, 256 << 20, 192 << 20},
		"a small container": {512 << 20, 64 << 20, 32 << 20},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := fitted(config.Default(), c.limit)
			assert.Equal(t, c.spool, cfg.Proxy.SpoolMemory)
			assert.Equal(t, c.static, cfg.Proxy.StaticMemory)
		})
	}
	small := config.Default()
	small.Proxy.SpoolMemory = 1 << 10
	assert.Equal(t, int64(1<<10), fitted(small, 512<<20).Proxy.SpoolMemory, "less than its share was asked for")
}
