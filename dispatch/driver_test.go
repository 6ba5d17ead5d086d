package dispatch

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// caller is who does not wait for a result.
type caller struct {
	left    atomic.Bool
	leaves  bool // the lead that the result comes with, at once
	results chan answered
}

// answered is a result, and the lead that it came with, which is nil where it was left.
type answered struct {
	resp *python.Response
	err  error
	lead python.Lead
}

func newCaller() *caller { return &caller{results: make(chan answered, 1)} }

func (c *caller) Leave() { c.left.Store(true) }

func (c *caller) Answered(resp *python.Response, err error, lead python.Lead) {
	if lead != nil && c.leaves {
		lead.Leave()
		lead = nil
	}
	c.results <- answered{resp, err, lead}
}

// do is Do, every other time by a caller who waits only here, and of those leaves every other one the lead.
func (th *theatre) do(req *python.Request) (*python.Response, error) {
	turn := th.turns.Add(1)
	if turn%2 == 0 {
		return th.Do(req)
	}
	c := newCaller()
	c.leaves = turn%4 == 1
	req.Caller = c
	resp, err := th.Do(req)
	if !errors.Is(err, ErrQueued) {
		return resp, err
	}
	got := <-c.results
	return got.resp, got.err
}

// call has a request run for a caller, in the queue.
func (th *theatre) call(c python.Caller, path string) {
	th.t.Helper()
	req := newRequest("GET", path, &client{})
	req.Caller = c
	_, err := th.Do(req)
	require.ErrorIs(th.t, err, ErrQueued)
}

func TestACallerLeavesBeforeAnIdleThreadIsWaitedFor(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	c := newCaller()
	req := newRequest("GET", "/x", &client{})
	defer req.Release()
	req.Caller = c
	results := make(chan answered, 1)
	go func() { // ends with the answer
		resp, err := th.Do(req)
		results <- answered{resp: resp, err: err}
	}()
	running := th.enter()
	assert.True(t, c.left.Load())
	running.say("answer x")
	got := receive(t, results, "no answer")
	require.NoError(t, got.err)
	assert.Equal(t, "x", string(got.resp.Body))
	got.resp.Close()
	assert.Empty(t, c.results, "it has its result already")
}

func TestACallerIsRefusedAtOnce(t *testing.T) {
	cfg := patient()
	cfg.QueueSize = 0
	th := newTheatre(t, cfg, 1, 1)
	first := th.begin("GET", "/first")
	running := th.enter()
	c := newCaller()
	req := newRequest("GET", "/second", &client{})
	req.Caller = c
	_, err := th.Do(req)
	require.ErrorIs(t, err, ErrQueueFull)
	req.Release()
	running.say("answer first")
	receive(t, first, "no answer")
	assert.Empty(t, c.results)
	assert.False(t, c.left.Load())
}

// staller holds a result up until it is told to go on, as who waits for its client, with the lead or without.
type staller struct {
	*caller
	goOn  chan struct{}
	keeps bool
}

func (s staller) Answered(resp *python.Response, err error, lead python.Lead) {
	if lead != nil && !s.keeps {
		lead.Leave()
	}
	s.results <- answered{resp, err, lead}
	<-s.goOn
}

// TestTheThreadRunsWhileCallersAreTold: it has its next request before they are.
func TestTheThreadRunsWhileCallersAreTold(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.occupy(1)[0]
	held := staller{newCaller(), make(chan struct{}), true}
	th.call(held, "/held")
	next := newCaller()
	th.call(next, "/next")
	first.say("answer first")
	th.enter().say("answer held")
	got := receive(t, held.results, "not told")
	require.NoError(t, got.err)
	assert.Equal(t, "held", string(got.resp.Body))
	require.NotNil(t, got.lead)
	th.enter().say("answer next") // it runs
	assert.Empty(t, next.results, "it is told by the goroutine that is held up")
	close(held.goOn)
	assert.Equal(t, "next", string(receive(t, next.results, "not told").resp.Body))
}

// TestACallerThatLeavesHoldsNobodyUp: however many of them wait for their clients, the threads and the other callers go on.
func TestACallerThatLeavesHoldsNobodyUp(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	goOn := make(chan struct{})
	const several = 5
	for range several {
		first := th.occupy(1)[0]
		held := staller{newCaller(), goOn, false}
		th.call(held, "/held")
		last := newCaller()
		th.call(last, "/last")
		first.say("answer first")
		th.enter().say("answer held")
		receive(t, held.results, "not told")
		th.enter().say("answer last")
		assert.Equal(t, "last", string(receive(t, last.results, "not told").resp.Body))
	}
	th.mu.Lock()
	assert.Equal(t, several, th.away)
	th.mu.Unlock()
	close(goOn)
	require.Eventually(t, func() bool {
		th.mu.Lock()
		defer th.mu.Unlock()
		return th.away == 0
	}, deadline, deadline/1000)
}

// TestWhatTakesLongIsToldApart: of a stream, of a long response and of an error the thread's driver tells nobody.
func TestWhatTakesLongIsToldApart(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	cases := map[string]struct {
		path string
		then func(*actor)
	}{
		"a stream":        {"/stream/x", func(a *actor) { a.say("chunk one") }},
		"a long response": {"/size/100000/x", nil},
		"an error":        {"/x", func(a *actor) { a.say("raise it") }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			first := th.occupy(1)[0]
			told := newCaller()
			th.call(told, c.path)
			first.say("answer first")
			var a *actor
			if c.then != nil {
				a = th.enter()
				c.then(a)
			}
			got := receive(t, told.results, "not told")
			assert.Nil(t, got.lead)
			assert.Equal(t, name == "an error", got.err != nil)
			if got.resp != nil {
				got.resp.Close()
			}
			if strings.HasPrefix(c.path, "/stream/") {
				a.say("end")
				assert.Equal(t, "closing", a.hear())
				a.say("go")
			}
		})
	}
}

// TestACallerIsToldOnceOfWhatRanAgain, as its worker died.
func TestACallerIsToldOnceOfWhatRanAgain(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.occupy(1)[0]
	c := newCaller()
	th.call(c, "/again")
	first.say("answer first")
	th.enter().die()
	th.enter().say("answer at last")
	got := receive(t, c.results, "not told")
	require.NoError(t, got.err)
	assert.Equal(t, "at last", string(got.resp.Body))
	assert.Empty(t, c.results)
}

// TestAtTheEndCallersAreTold what waits for a thread that does not come back, and what has run.
func TestAtTheEndCallersAreTold(t *testing.T) {
	d := crew(t, nil, 1, 1)
	d.takeIdle()
	var callers []*caller
	for range 3 {
		c := newCaller()
		req := &python.Request{Method: "GET", Path: config.NoPath, Client: &client{}, Caller: c}
		_, err := d.Do(req)
		require.ErrorIs(t, err, ErrQueued)
		callers = append(callers, c)
	}
	ran := takeNext(d)
	d.drivers.Release()
	ran.resp = &python.Response{Status: 200}
	d.start(job{owed: []*waiter{ran}})
	require.NoError(t, receive(t, callers[0].results, "not told").err)
	d.expire(forever)
	for _, c := range callers[1:] {
		assert.ErrorIs(t, receive(t, c.results, "not told").err, ErrQueueTimeout)
	}
}
