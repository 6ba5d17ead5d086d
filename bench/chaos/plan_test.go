package chaos

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func random(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // it has to be the same for the same seed
}

var full = Plan{Kill: time.Second, Reload: 5 * time.Second, Fault: true, Upgrades: 2}

func counted(events []event) map[Torment]int {
	all := map[Torment]int{}
	for _, e := range events {
		all[e.what]++
	}
	return all
}

func TestTheIssuesPlan(t *testing.T) {
	events := full.events(time.Minute, random(1))
	assert.Equal(t, map[Torment]int{Kill: 59, Reload: 10, Fault: 1, Upgrade: 2}, counted(events))
	for i, e := range events {
		assert.Less(t, e.at, time.Minute)
		if i > 0 {
			assert.GreaterOrEqual(t, e.at, events[i-1].at, "in order")
		}
	}
}

func TestTheSameSeedMakesTheSamePlan(t *testing.T) {
	first, second := full.events(time.Minute, random(7)), full.events(time.Minute, random(7))
	assert.Equal(t, first, second)
	assert.NotEqual(t, full.events(time.Minute, random(7)), full.events(time.Minute, random(8)))
}

// TestNobodyIsKilledDuringTheFault: a server that has to start a worker from a broken application is another trial.
func TestNobodyIsKilledDuringTheFault(t *testing.T) {
	for seed := range uint64(50) {
		events := full.events(time.Minute, random(seed))
		for i, e := range events {
			if e.what != Fault {
				continue
			}
			require.Less(t, i+1, len(events))
			assert.Greater(t, events[i+1].at, e.at+faultLasts)
		}
	}
}

func TestPlansMayBeSmaller(t *testing.T) {
	cases := map[string]struct {
		plan     Plan
		duration time.Duration
		want     map[Torment]int
	}{
		"nothing":             {Plan{Fault: true}, time.Minute, map[Torment]int{}},
		"kills alone":         {Plan{Kill: 500 * time.Millisecond}, 3 * time.Second, map[Torment]int{Kill: 5}},
		"one reload":          {Plan{Reload: time.Second}, 2 * time.Second, map[Torment]int{Reload: 1}},
		"the only one faulty": {Plan{Reload: time.Second, Fault: true}, 2 * time.Second, map[Torment]int{Fault: 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, counted(c.plan.events(c.duration, random(1))))
		})
	}
}
