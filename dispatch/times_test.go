package dispatch

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// perceptible is longer than anything here takes by itself, unless the machine is very busy: a test may then pass that
// should not, and never the other way round.
const perceptible = 100 * time.Millisecond

// passes returns when that time has passed, from now on.
func passes(t *testing.T, d time.Duration) {
	t.Helper()
	until := time.Now().Add(d)
	require.Eventually(t, func() bool { return !time.Now().Before(until) }, d+deadline, time.Millisecond)
}

// The worker may have run a request before the write that gives it to it has returned: always if it does not fit into the
// pipe.
func TestTimeOfAThreadBeginsBeforeTheWrite(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	a := th.occupy(1)[0]
	a.say("answer")
	require.Eventually(t, func() bool { return th.State().Idle == 1 }, deadline, time.Millisecond)
	require.NoError(t, syscall.Kill(a.pid, syscall.SIGSTOP))
	results := make(chan result, 1)
	body := strings.Repeat("x", 900_000)
	go func() { // ends with the answer
		results <- th.askWith("POST", "/echo/", python.Body{Memory: []byte(body), Size: int64(len(body))})
	}()
	slot := th.lanes[0].worker.Slots()[0]
	require.Eventually(t, func() bool { _, busy := slot.Serving(); return busy }, deadline, time.Millisecond)
	passes(t, perceptible)
	th.cont(a.pid)
	got := receive(t, results, "no answer")
	require.NoError(t, got.err)
	assert.GreaterOrEqual(t, got.trace.Ran, perceptible)
	assert.Zero(t, got.trace.Queued)
}

func TestTimeOfATryThatWasLostCounts(t *testing.T) {
	th := newTheatre(t, patient(), 2, 1)
	results := th.begin("GET", "/x")
	a := th.enter()
	passes(t, perceptible)
	a.die()
	th.enter().say("answer")
	assert.GreaterOrEqual(t, receive(t, results, "no answer").trace.Ran, perceptible)
}

// TestWhatWaitsInABatchWaits: what goes to a thread together runs one after the other there.
func TestWhatWaitsInABatchWaits(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	a := th.occupy(1)[0]
	b := th.backlog(append([]string{"GET /stop/"}, echoes(9)...)...)
	waited := time.Now()
	th.short()
	a.say("answer")
	th.began("GET /stop/")
	require.EqualValues(t, 10, th.State().Batched, "they are with the thread")
	passes(t, perceptible)
	running := time.Now()
	th.cont(a.pid)
	var ran time.Duration
	var last result
	for i, results := range b.results {
		last = receive(t, results, "no answer to "+b.runs[i])
		require.NoError(t, last.err)
		ran += last.trace.Ran
	}
	assert.GreaterOrEqual(t, last.trace.Queued+last.trace.Ran, running.Sub(waited), "it was under way all the time")
	assert.GreaterOrEqual(t, ran, perceptible, "the thread was at work on them")
	assert.LessOrEqual(t, ran, time.Since(waited), "no time counts for two of them")
}

// Of answers that have come together nobody knows which took how long.
func TestAnswersThatComeTogetherShareTheirTime(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	th.mu.Lock()
	thread := th.takeIdle()
	th.mu.Unlock()
	require.NotNil(t, thread)
	defer th.giveBack(thread)
	var reqs []*python.Request
	for range 3 {
		req := newRequest("GET", "/echo/", &client{})
		defer req.Release()
		reqs = append(reqs, req)
	}
	require.NoError(t, thread.slot.SendAll(reqs, (*python.Request).Idempotent, time.Time{}))
	thread.since = time.Now()
	for i := range reqs {
		thread.behind = make([]*waiter, len(reqs)-1-i)
		thread.slot.Begin(reqs[i])
		_, err := thread.slot.Receive(time.Now().Add(deadline))
		require.NoError(t, err)
		together := 1 + max(thread.hand-1, thread.slot.InHand()) // mostly all of them, but the worker holds none for long
		assert.Equal(t, time.Minute/time.Duration(together), thread.ran(thread.since.Add(time.Minute)))
	}
	assert.Zero(t, thread.hand)
}
