package dispatch

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// Nothing ends and nothing comes; whose client leaves while it waits is answered soon all the same, and leaves room.
func TestRequestsOfClientsThatLeftDoNotWait(t *testing.T) {
	cfg := patient()
	cfg.QueueSize = 2
	th := newTheatre(t, cfg, 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	leaver := &client{}
	second := th.queued(1, "GET", "/second", leaver)
	third := th.queued(2, "GET", "/third", &client{})
	leaver.gone.Store(true)
	got := receive(t, second, "it waits for a thread")
	assert.ErrorIs(t, got.err, ErrClientGone)
	assert.Positive(t, got.trace.Queued)
	assert.Zero(t, got.trace.Tries)
	fourth := th.queued(2, "GET", "/fourth", &client{})
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "no answer").body)
	waiting := map[string]<-chan result{"/third": third, "/fourth": fourth}
	for range waiting {
		b := th.enter()
		b.say("answer x")
		assert.Equal(t, "x", receive(t, waiting[b.path], b.path).body)
	}
}

// More than are looked at at a time.
func TestSweepFindsAllWhoLeft(t *testing.T) {
	p := newPlay(t, 1, 1)
	p.admit(config.NoPath)
	const n = 3*sweepGroup + 5
	var waiting []*waiter
	for range n {
		p.admit(config.NoPath)
		waiting = append(waiting, p.common.queue.last)
	}
	for i, w := range waiting {
		w.req.Client.(*client).gone.Store(i%3 == 0 || i < sweepGroup)
	}
	p.sweep()
	left := 0
	for i, w := range waiting {
		gone := i%3 == 0 || i < sweepGroup
		assert.Equal(t, !gone, w.queued)
		if gone {
			left++
			assert.ErrorIs(t, w.err, ErrClientGone)
		}
		assert.False(t, w.held.Load(), "it is let go")
	}
	assert.Equal(t, n-left, p.common.queue.len())
	inOrder(t, &p.common.queue)
	p.sweep()
	assert.Equal(t, n-left, p.common.queue.len())
}

// owned is a client that must not be asked when its request is over.
type owned struct {
	t    *testing.T
	left bool
	over atomic.Bool
}

func (c *owned) Gone() bool {
	assert.False(c.t, c.over.Load(), "the request is over")
	return c.left
}

// wait has a request of a client wait for its result.
func (c *owned) wait(d *Dispatcher) error {
	req := &python.Request{Path: config.NoPath, Client: c}
	_, w, err := d.admit(req)
	if !assert.NoError(c.t, err) || !assert.NotNil(c.t, w) {
		return err
	}
	<-w.done
	err = w.err
	w.free()
	c.over.Store(true)
	req.Client = nil
	return err
}

// TestSweepsRaceWithTheEndsOfRequests has requests come, run and end while sweeps go on. Each has one result, and no client
// is asked afterwards.
func TestSweepsRaceWithTheEndsOfRequests(t *testing.T) {
	d := crew(t, nil, 1, 1)
	d.takeIdle()
	var asking, others sync.WaitGroup
	var stop atomic.Bool
	others.Go(func() {
		for !stop.Load() {
			d.sweep()
		}
	})
	others.Go(func() {
		for !stop.Load() {
			if w := takeNext(d); w != nil {
				d.finish(w, nil, nil)
			}
			runtime.Gosched()
		}
	})
	for i := range 90 {
		asking.Go(func() {
			for range 30 {
				c := &owned{t: t, left: i%3 == 0}
				if err := c.wait(d); err != nil {
					assert.True(t, c.left)
					assert.ErrorIs(t, err, ErrClientGone)
				}
			}
		})
	}
	asking.Wait()
	stop.Store(true)
	others.Wait()
	assert.Equal(t, queue{}, d.common.queue)
}

// takeNext takes the next request as a thread does that is back, but does not look at its client.
func takeNext(d *Dispatcher) *waiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.common.next()
	if w != nil {
		d.common.take(w, now())
	}
	return w
}

// leaver leaves when a request has begun to run.
type leaver struct {
	th  *theatre
	run string
}

func (c *leaver) Gone() bool {
	runs, err := os.ReadFile(c.th.stages.Addr().String() + ".runs")
	return assert.NoError(c.th.t, err) && strings.Contains(string(runs), c.run)
}

// What is recalled from a thread is looked at again before it goes to another one.
func TestRecalledRequestOfAClientThatLeft(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	actors := th.occupy(2)
	held := th.queued(1, "GET", "/held", &client{})
	left := th.queued(2, "GET", "/echo/left", &leaver{th, "/held"})
	other := th.queued(3, "GET", "/echo/other", &client{})
	th.short()
	actors[0].say("answer 0")
	a := th.enter()
	require.Equal(t, "/held", a.path)
	require.Eventually(t, func() bool { return th.waitingNow() > 0 }, deadline, time.Millisecond, "those behind it are recalled")
	actors[1].say("answer 1")
	assert.ErrorIs(t, receive(t, left, "no result").err, ErrClientGone)
	assert.Equal(t, "/echo/other", receive(t, other, "no answer").body)
	a.say("answer held")
	assert.Equal(t, "held", receive(t, held, "no answer").body)
	assert.NotContains(t, th.runs(), "GET /echo/left")
}

func TestRecalledRequestOfAClientThatLeftWhileAThreadIsIdle(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	actors := th.occupy(2)
	held := th.queued(1, "GET", "/held", &client{})
	left := th.queued(2, "GET", "/echo/left", &leaver{th, "/held"})
	th.short()
	actors[0].say("answer 0") // the one that comes back first takes both
	actors[1].say("answer 1")
	a := th.enter()
	assert.ErrorIs(t, receive(t, left, "no result").err, ErrClientGone)
	a.say("answer held")
	assert.Equal(t, "held", receive(t, held, "no answer").body)
	assert.NotContains(t, th.runs(), "GET /echo/left")
}
