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
	d.pace.average.Store(int64(time.Hour)) // so that all threads are given something
	var busy []*thread
	req := &python.Request{Method: "GET", Path: config.NoPath}
	req.Trace.Tries = 1 // one that goes into no batch: there are no workers to send it to
	for range d.threads {
		th, _, err := d.admit(req)
		require.NoError(t, err)
		busy = append(busy, th)
	}
	d.pace.average.Store(int64(took))
	for range waiting {
		_, w, err := d.admit(req)
		require.NoError(t, err)
		require.NotNil(t, w)
	}
	return d, busy
}

// kernel is what a test says that the kernel knows of a thread.
type kernel struct {
	ran, delayed time.Duration
	unknown      bool
}

func (k *kernel) Awake() (ran, delayed time.Duration, known bool) {
	return k.ran, k.delayed, !k.unknown
}

// metered has the kernel know of all threads.
func (d *Dispatcher) metered() {
	for _, l := range d.lanes {
		l.metered = true
		for _, t := range append(l.busy[:len(l.busy):len(l.busy)], l.idle...) {
			t.meter = &kernel{}
		}
	}
}

func TestWhoRests(t *testing.T) {
	const short = tiny / 2
	metered := func(d *Dispatcher, _ *thread) { d.metered() }
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
		"not the only one at work": {waiting: 20, took: short, change: func(d *Dispatcher, back *thread) {
			back.taken += time.Hour // so that it is the other one that is slow
			back.lane.idle = append(back.lane.idle, &thread{lane: back.lane})
			d.findSlow(back.lane, back.taken)
		}},
		"where the kernel knows that they are awake, more": {waiting: 20, took: 2 * tiny, change: metered, rests: true},
		"even where they make whole batches":               {waiting: 2 * maxBatch, took: 2 * tiny, change: metered, rests: true},
		"even where two have shared the GIL":               {waiting: 20, took: 2 * tiny, change: metered, rests: true},
		"nobody where they take long":                      {waiting: 20, took: 2*tiny + 2, change: metered},
		"nobody where they are known to sleep": {waiting: 20, took: 2 * tiny, change: func(d *Dispatcher, _ *thread) {
			d.metered()
			d.verdict.until = forever
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

func TestWhoIsGivenARequestThatComes(t *testing.T) {
	const short = tiny / 2
	metered := func(d *Dispatcher) { d.metered() }
	cases := map[string]struct {
		busy   int // of two processes with two threads each
		took   time.Duration
		change func(d *Dispatcher)
		waits  bool
	}{
		"an idle thread of an idle process":       {busy: 1, took: short},
		"one that is at work":                     {busy: 2, took: short, waits: true},
		"an idle one where they are not so short": {busy: 2, took: 3 * tiny},
		"one at work where it is known that they take turns": {busy: 2, took: 3 * tiny, waits: true, change: func(d *Dispatcher) {
			d.metered()
			d.effort = effort{cost: 3 * tiny, ran: 1, awake: 1, seen: now()}
		}},
		"an idle one where they take long":         {busy: 2, took: 3 * tiny, change: metered},
		"an idle one without a GIL":                {busy: 2, took: short, change: func(d *Dispatcher) { d.lanes[1].parallel = true }},
		"an idle one where threads are shared out": {busy: 2, took: short, change: func(d *Dispatcher) { d.divided = true }},
		"an idle one where one at work is slow": {busy: 2, took: short, change: func(d *Dispatcher) {
			d.findSlow(d.lanes[0], d.lanes[0].busy[0].taken+time.Hour)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := crew(t, nil, 2, 2)
			d.pace.average.Store(int64(time.Hour))
			req := &python.Request{Method: "GET", Path: config.NoPath}
			for range c.busy {
				_, _, err := d.admit(req)
				require.NoError(t, err)
			}
			d.pace.average.Store(int64(c.took))
			if c.change != nil {
				c.change(d)
			}
			th, w, err := d.admit(req)
			require.NoError(t, err)
			assert.Equal(t, c.waits, th == nil)
			assert.Equal(t, c.waits, w != nil)
			assert.Equal(t, c.waits, d.minds, "Run looks after those that wait")
		})
	}
}

// The one at work turns out to be slow, and the other one is idle.
func TestWhatComesDoesNotWaitForASlowThread(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	actors := th.occupy(1)
	th.short()
	result := th.begin("GET", "/echo/x")
	assert.NoError(t, receive(t, result, "it waits for the slow one").err)
	actors[0].say("answer")
}

// A thread that is slow after all is found out, and counts no more until it is back.
func TestASlowThreadIsNotAtWork(t *testing.T) {
	d, busy := queued(t, 20, tiny/2)
	d.metered()
	l := busy[0].lane
	require.Nil(t, d.popFor(busy[0]))
	slow := l.busy[0]
	found := func(now time.Duration) bool { return d.findSlow(l, now) }
	assert.False(t, found(slow.taken+slowAfter), "not yet")
	assert.True(t, found(slow.taken+slowAfter+1))
	assert.False(t, found(slow.taken+time.Hour), "it is known already")
	assert.Equal(t, 1, l.slow)
	again := d.takeIdle()
	assert.Same(t, l, again.lane)
	assert.NotNil(t, d.popFor(again), "it is the only one at work")
	assert.Nil(t, d.popFor(slow), "it is back, and another one is at work")
	assert.Zero(t, l.slow)
	assert.False(t, slow.slow)
}

// What threads rest for may be over without any of them being slow.
func TestThoseWhoRestStartWhenRequestsAreDifferent(t *testing.T) {
	cases := map[string]struct {
		change func(d *Dispatcher)
		start  bool
	}{
		"the processor is known to do as little for them": {change: func(d *Dispatcher) { d.verdict = verdict{awake: 1, cost: tiny / 2, begun: 1000} }},
		"they take longer":      {change: func(d *Dispatcher) { d.pace.average.Store(int64(tiny + 1)) }, start: true},
		"they sleep":            {change: func(d *Dispatcher) { d.verdict.until = forever }, start: true},
		"nobody knows any more": {change: func(d *Dispatcher) { d.lanes[0].metered = false }, start: true},
		"they are tiny":         {change: func(d *Dispatcher) { d.pace.average.Store(0); d.lanes[0].metered = false }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, busy := queued(t, 20, 2*tiny)
			d.metered()
			require.Nil(t, d.popFor(busy[0]))
			if busy[0].lane != d.lanes[0] {
				d.lanes[0], d.lanes[1] = d.lanes[1], d.lanes[0]
			}
			c.change(d)
			assert.Equal(t, c.start, d.isOver(d.lanes[0], 1))
		})
	}
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

// They do not take a process's turns for requests that run Python, as far as anybody knows, and one sleeps all the while.
func TestNothingWaitsForASleepingThreadWhileOneRests(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	actors := th.occupy(2)
	b := th.backlog(echoes(restLeast + 2)...)
	th.pace.average.Store(int64(2 * tiny))
	actors[0].say("answer")
	b.answered(0)
	b.onceEach(0)
	actors[1].say("answer")
}
