package dispatch

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sleeps tells a verdict of threads that are awake for so little of the time until the trial fails, and returns after how
// many looks that was.
func (v *verdict) sleeps(t *testing.T, part float64, now time.Duration) (looks int) {
	t.Helper()
	for looks = 1; !v.hear(part, tiny, now); looks++ {
		require.Less(t, looks, 100, "the trial does not fail")
	}
	return looks
}

func TestATrialGoesOnWhileThreadsAreAwake(t *testing.T) {
	var v verdict
	for now := range 1000 * time.Nanosecond {
		require.True(t, v.rests(now*watchLength))
		require.False(t, v.hear(0.8, tiny, now*watchLength))
	}
}

func TestATrialFailsWhereThreadsSleep(t *testing.T) {
	var v verdict
	assert.LessOrEqual(t, v.sleeps(t, 0.1, 7), 5)
	assert.False(t, v.rests(8))
	assert.False(t, v.rests(7+trialPause-1))
	assert.True(t, v.rests(7+trialPause))
	assert.False(t, v.hear(0, tiny, 8), "there is none to fail")
}

func TestAChangeIsNoticed(t *testing.T) {
	var v verdict
	for now := range 1000 * time.Nanosecond {
		require.False(t, v.hear(1, tiny, now))
	}
	assert.LessOrEqual(t, v.sleeps(t, 0.1, 1000), 5)
}

func TestPausesGrowUntilATrialGoesWell(t *testing.T) {
	var v verdict
	var now, last time.Duration
	for range 20 {
		now = v.until
		v.sleeps(t, 0, now)
		assert.GreaterOrEqual(t, v.until-now, min(last+1, trialPauses))
		last = v.until - now
	}
	assert.Equal(t, trialPauses, last)
	now = v.until
	v.hear(1, tiny, now)
	v.hear(1, tiny, now+last+1)
	v.sleeps(t, 0, now+last+1)
	assert.Equal(t, trialPause, v.until-(now+last+1))
}

func TestATrialFailsWhereManyAreSlow(t *testing.T) {
	var v verdict
	v.given(4 * lateLeast)
	for range lateLeast {
		v.slow(1)
	}
	assert.True(t, v.rests(1), "a quarter of them is not too many")
	v.slow(1)
	assert.False(t, v.rests(1))
}

func TestWhatARequestTakes(t *testing.T) {
	d := crew(t, nil, 1, 1)
	d.pace.average.Store(int64(time.Millisecond))
	assert.Equal(t, time.Millisecond, d.takes(), "nobody has been watched")
	d.verdict = verdict{awake: awakeMostly, cost: tiny, begun: 1000}
	assert.Equal(t, tiny, d.takes(), "the rest of the time it waits for a processor, or for us")
	d.verdict.late = 100
	assert.Equal(t, time.Millisecond, d.takes(), "some do sleep")
	d.verdict = verdict{awake: awakeMostly / 2, cost: tiny, begun: 1000}
	assert.Equal(t, time.Millisecond, d.takes(), "all of them do")
	d.verdict = verdict{awake: 1, cost: time.Hour, begun: 1000}
	assert.Equal(t, time.Millisecond, d.takes())
}

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
