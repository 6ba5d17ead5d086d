package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// queued is a crew of two processes with two threads each that all run something, and requests that wait, which have been
// that short.
func queued(t *testing.T, waiting int, took time.Duration) (*Dispatcher, []*thread) {
	t.Helper()
	d := crew(t, nil, 2, 2)
	d.pace.average.Store(int64(took))
	var busy []*thread
	req := &python.Request{Method: "GET", Path: config.NoPath}
	req.Trace.Tries = 1 // one that goes into no batch: there are no workers to send it to
	for range d.threads {
		th, _, err := d.admit(req)
		require.NoError(t, err)
		busy = append(busy, th)
	}
	for range waiting {
		_, w, err := d.admit(req)
		require.NoError(t, err)
		require.NotNil(t, w)
	}
	return d, busy
}

func TestWhoRests(t *testing.T) {
	const short = tiny / 2
	cases := map[string]struct {
		waiting int
		took    time.Duration
		change  func(d *Dispatcher, back *thread)
		rests   bool
	}{
		"the second thread of a process":       {waiting: 20, took: short, rests: true},
		"nobody where they are not so short":   {waiting: 20, took: 2 * tiny},
		"nobody where they make no batch":      {waiting: 2*restLeast - 1, took: short},
		"nobody where they make whole batches": {waiting: 2 * maxBatch, took: short},
		"nobody without a GIL":                 {waiting: 20, took: short, change: func(_ *Dispatcher, back *thread) { back.lane.parallel = true }},
		"nobody where threads are shared out":  {waiting: 20, took: short, change: func(d *Dispatcher, _ *thread) { d.divided = true }},
		"not the only one at work": {waiting: 20, took: short, change: func(_ *Dispatcher, back *thread) {
			back.taken += time.Hour // so that it is the other one that is slow
			back.lane.idle = append(back.lane.idle, &thread{lane: back.lane})
			back.lane.findSlow(back.taken)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, busy := queued(t, c.waiting, c.took)
			if c.change != nil {
				c.change(d, busy[0])
			}
			w := d.popFor(busy[0])
			assert.Equal(t, c.rests, w == nil)
			assert.Equal(t, c.rests, d.minds, "Run looks after those that wait")
			if c.rests {
				assert.Contains(t, busy[0].lane.idle, busy[0])
				assert.NotContains(t, busy[0].lane.busy, busy[0])
			}
		})
	}
}

// A thread that is slow after all is found out, and counts no more until it is back.
func TestASlowThreadIsNotAtWork(t *testing.T) {
	d, busy := queued(t, 20, tiny/2)
	l := busy[0].lane
	require.Nil(t, d.popFor(busy[0]))
	slow := l.busy[0]
	assert.False(t, l.findSlow(slow.taken+slowAfter), "not yet")
	assert.True(t, l.findSlow(slow.taken+slowAfter+1))
	assert.False(t, l.findSlow(slow.taken+time.Hour), "it is known already")
	assert.Equal(t, 1, l.slow)
	again := d.takeIdle()
	assert.Same(t, l, again.lane)
	assert.NotNil(t, d.popFor(again), "it is the only one at work")
	assert.Nil(t, d.popFor(slow), "it is back, and another one is at work")
	assert.Zero(t, l.slow)
	assert.False(t, slow.slow)
}

// The one that is at work is a slow one, which shows while the other one rests.
func TestNothingWaitsForASlowThreadWhileOneRests(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	actors := th.occupy(2)
	b := th.backlog(echoes(restLeast + 2)...)
	th.short()
	actors[0].say("answer")
	b.answered(0)
	b.onceEach(0)
	actors[1].say("answer")
}
