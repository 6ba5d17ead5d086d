package main

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneProcessorIsUsedAsLongAsItIsEnough(t *testing.T) {
	type spell struct {
		load float64
		last time.Duration
		one  bool // at its end
	}
	cases := map[string][]spell{
		"little to do":                          {{0.1, 900 * time.Millisecond, false}, {0.1, 200 * time.Millisecond, true}},
		"as much as fits":                       {{0.89, 1100 * time.Millisecond, true}},
		"more than fits":                        {{0.91, time.Minute, false}},
		"one is enough with a little more":      {{0.1, 2 * time.Second, true}, {0.92, time.Minute, true}},
		"it is not enough any more":             {{0.1, 2 * time.Second, true}, {0.95, processorsLook, false}},
		"it was not enough, and the hold grows": {{0.1, 2 * time.Second, true}, {1, processorsLook, false}, {0.1, 1900 * time.Millisecond, false}, {0.1, 200 * time.Millisecond, true}},
		"it was for long, and the hold is as before": {
			{0.1, 20 * time.Second, true}, {1, processorsLook, false}, {0.1, 1100 * time.Millisecond, true},
		},
	}
	for name, spells := range cases {
		t.Run(name, func(t *testing.T) {
			p, now := &processors{}, time.Now()
			p.look(now, spells[0].load)
			for i, s := range spells {
				one := p.one
				for end := now.Add(s.last); now.Before(end); {
					now = now.Add(processorsLook)
					one = p.look(now, s.load)
				}
				assert.Equal(t, s.one, one, "spell %d", i)
			}
		})
	}
	p, now := &processors{}, time.Now()
	for range 100 { // it is never enough
		for !p.look(now, 0) {
			now = now.Add(processorsLook)
		}
		p.look(now, 1)
	}
	assert.Equal(t, processorsHolds, p.hold)
}

// TestProcessorsAreSpared where this process has nothing to do, and are all used when it has.
func TestProcessorsAreSpared(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	all := runtime.GOMAXPROCS(0)
	if all == 1 {
		t.Skip("this machine has one processor")
	}
	t.Cleanup(runtime.SetDefaultGOMAXPROCS)
	ctx, end := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() { spareProcessors(ctx) })
	require.Eventually(t, func() bool { return runtime.GOMAXPROCS(0) == 1 }, 90*time.Second, time.Millisecond)
	working, stop := context.WithCancel(t.Context())
	for range all {
		looking.Go(func() {
			for working.Err() == nil { // all the time that there is
			}
		})
	}
	assert.Eventually(t, func() bool { return runtime.GOMAXPROCS(0) == all }, 90*time.Second, time.Millisecond)
	stop()
	end()
	looking.Wait()
}
