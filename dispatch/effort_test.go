package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhoTakesTurns(t *testing.T) {
	const cost = 2 * tiny
	cases := map[string]struct {
		cost       time.Duration
		ran, awake float64
		samples    int
		later      time.Duration
		turns      bool
	}{
		"one after the other":              {cost: cost, ran: 0.95, awake: 1, samples: effortSamples, turns: true},
		"each waits for a processor, too":  {cost: cost, ran: 0.25, awake: 3, samples: effortSamples, turns: true},
		"they sleep":                       {cost: cost, ran: 0.3, awake: 0.5, samples: effortSamples},
		"they run at once":                 {cost: cost, ran: 2, awake: 2, samples: effortSamples},
		"tiny for the processor":           {cost: tiny, ran: 0.95, awake: 1, samples: effortSamples},
		"longer than batches are made for": {cost: effortMost + 1, ran: 0.95, awake: 1, samples: effortSamples},
		"too few samples":                  {cost: cost, ran: 0.95, awake: 1, samples: effortSamples - 1},
		"a while ago":                      {cost: cost, ran: 0.95, awake: 1, samples: effortSamples, later: effortLasts, turns: false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var e effort
			for range c.samples {
				e.hear(c.cost, c.ran, c.awake, 1)
			}
			_, turns := e.inTurns(1 + c.later)
			assert.Equal(t, c.turns, turns)
		})
	}
}

func TestAnOpinionChanges(t *testing.T) {
	var e effort
	for range 10 * effortSamples {
		e.hear(2*tiny, 2, 2, 1)
	}
	for range 2 * effortSamples {
		e.hear(4*tiny, 1, 1, 2)
	}
	cost, turns := e.inTurns(3)
	assert.True(t, turns)
	assert.InDelta(t, 4*tiny, cost, float64(tiny))
}

// counted is a thread that has run for so long by the next time that the kernel is asked.
type counted struct{ ran, delayed time.Duration }

func (c *counted) Awake() (ran, delayed time.Duration, known bool) { return c.ran, c.delayed, true }

func TestThreadsAreWeighed(t *testing.T) {
	d := crew(t, nil, 1, 2)
	d.pace.average.Store(int64(4 * tiny))
	l := d.lanes[0]
	l.metered = true
	th := d.takeIdle()
	d.takeIdle()
	m := &counted{ran: time.Second}
	th.meter = m
	at := time.Hour
	give := func(requests int, took time.Duration) {
		th.taken, th.size = at, requests
		at += took
		d.weigh(th, at)
	}
	give(1, tiny) // from here on
	for range effortSamples {
		m.ran += 4 * watchLength / 10 // it runs for nearly half of the time, and so does the other one
		m.delayed += watchLength / 10
		give(10, watchLength)
	}
	cost, turns := d.effort.inTurns(at)
	assert.True(t, turns)
	assert.Equal(t, 4*watchLength/100, cost)
	assert.InDelta(t, 0.8, d.effort.ran, 0.01)
	assert.InDelta(t, 1, d.effort.awake, 0.01)
	assert.Equal(t, effortSlow*cost*10, d.patience(10, at))
	assert.True(t, d.isBrief(l, 2, at))

	d.pace.average.Store(int64(tiny))
	assert.Equal(t, slowAfter, d.patience(10, at), "tiny ones are slow as before")
	give(1, watchLength)
	assert.False(t, th.weighing.on)

	d.pace.average.Store(int64(4 * tiny))
	l.takeBack(th) // it is the only one at work: that says nothing
	before := d.effort
	give(1, watchLength)
	m.ran += watchLength
	give(1, watchLength)
	assert.Equal(t, before, d.effort)
}

func TestWhenOneMayBeSlow(t *testing.T) {
	d := crew(t, nil, 1, 3)
	assert.Equal(t, slowAfter, d.soonest(0), "whoever is given something now")
	first, second := d.takeIdle(), d.takeIdle()
	at := time.Hour
	first.taken, second.taken = at, at-slowAfter/4
	assert.Equal(t, slowAfter*3/4+1, d.soonest(at))
	second.taken = at - 10*slowAfter
	assert.Equal(t, restInterval, d.soonest(at))
	second.slow = true
	assert.Equal(t, slowAfter, d.soonest(at), "it is known")
}
