package dispatch

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched is a thread that is alone at work in its process, and what the kernel knows of it.
func watched(t *testing.T) (*Dispatcher, *thread, *kernel) {
	t.Helper()
	d, busy := queued(t, 30, 2*tiny)
	d.metered()
	require.Nil(t, d.popFor(busy[0]))
	at := busy[0].lane.busy[0]
	d.Hold() // nobody else is started: there are no workers
	for _, l := range d.lanes {
		l.held = l != at.lane
	}
	require.NotNil(t, d.popFor(at))
	require.True(t, at.watch.alone)
	return d, at, at.meter.(*kernel)
}

// works has a thread run what it was given, for so long, and brings it back to be given the next.
func (d *Dispatcher) works(t *thread, took time.Duration) {
	at := t.free.Sub(began)
	if !t.watch.on {
		t.beginWatch(at)
	}
	t.free = t.free.Add(took)
}

func TestAThreadAtWorkIsWatched(t *testing.T) {
	cases := map[string]struct {
		runs  func(k *kernel)
		fails bool
	}{
		"it runs":                      {runs: func(k *kernel) { k.ran += watchLength }},
		"it waits for a processor":     {runs: func(k *kernel) { k.delayed += watchLength }},
		"it sleeps":                    {runs: func(k *kernel) { k.ran += watchLength / 10 }, fails: true},
		"it sleeps for a little of it": {runs: func(k *kernel) { k.ran += watchLength * 3 / 4 }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, at, k := watched(t)
			at.free = time.Now()
			for range 10 {
				d.works(at, watchLength)
				c.runs(k)
				at.lane.held = true // if the trial fails, nobody is there to start
				d.look(at)
				at.lane.held = false
				if w := d.popFor(at); w == nil {
					break
				}
			}
			assert.Equal(t, c.fails, d.verdict.pause > 0)
		})
	}
}

// Where others were at work meanwhile, it may have slept for the GIL.
func TestWhatAThreadSleepsForTheGILDoesNotCount(t *testing.T) {
	d, at, _ := watched(t)
	at.free = time.Now()
	for range 10 {
		d.works(at, watchLength)
		other := d.takeIdle()
		require.NotNil(t, other)
		require.Same(t, at.lane, other.lane)
		d.look(at)
		at.lane.held = true
		d.popFor(other)
		at.lane.held = false
		require.NotNil(t, d.popFor(at))
	}
	assert.Zero(t, d.verdict.awake, "nothing was heard")
}

func TestNobodyRestsWhenTheKernelTellsNothingAnyMore(t *testing.T) {
	d, at, k := watched(t)
	at.free = time.Now()
	k.unknown = true
	d.works(at, watchLength)
	for _, l := range d.lanes {
		l.held = true
	}
	d.look(at)
	assert.False(t, at.lane.metered)
}

func TestThreadsAreMeteredOnLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells how long threads of other processes have run")
	}
	th := newTheatre(t, patient(), 1, 2)
	_, _, known := th.lanes[0].worker.Slots()[0].Awake()
	assert.Equal(t, known, th.lanes[0].metered)
}
