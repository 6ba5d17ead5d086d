package dispatch

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python/spool"
	"forebay/workers"
)

func TestRequestsAreServedInTheirOrder(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.begin("GET", "/0")
	running := th.enter()
	var later []<-chan result
	for i := 1; i <= 5; i++ {
		later = append(later, th.queued(i, "GET", fmt.Sprintf("/%d", i), &client{}))
	}
	running.say("answer 0")
	assert.Equal(t, "0", receive(t, first, "no answer").body)
	for i, results := range later {
		a := th.enter()
		assert.Equal(t, fmt.Sprintf("/%d", i+1), a.path)
		a.say("answer %d", i+1)
		got := receive(t, results, "no answer")
		assert.Equal(t, fmt.Sprint(i+1), got.body)
		assert.Positive(t, got.trace.Queued)
		assert.Equal(t, 1, got.trace.Tries)
	}
}

func TestLeastBusyProcessAndLastUsedThread(t *testing.T) {
	th := newTheatre(t, patient(), 2, 2)
	var results []<-chan result
	var actors []*actor
	busy := map[int]int{}
	for i := range 4 {
		results = append(results, th.begin("GET", fmt.Sprintf("/%d", i)))
		a := th.enter()
		actors = append(actors, a)
		busy[a.pid]++
		for _, n := range busy {
			assert.LessOrEqual(t, n, i/2+1, "a second thread of a process while another process idles")
		}
	}
	require.Len(t, busy, 2)
	actors[0].say("answer a")
	receive(t, results[0], "no answer")
	actors[2].say("answer c")
	last := receive(t, results[2], "no answer")
	again := th.begin("GET", "/again")
	a := th.enter()
	a.say("answer again")
	got := receive(t, again, "no answer")
	if actors[0].pid == actors[2].pid {
		assert.Equal(t, last.trace.Thread, got.trace.Thread, "the one that came back last is warm")
	}
	assert.Contains(t, []int{actors[0].pid, actors[2].pid}, got.trace.PID)
	actors[1].say("answer b")
	actors[3].say("answer d")
	assert.Equal(t, "b", receive(t, results[1], "no answer").body)
	assert.Equal(t, "d", receive(t, results[3], "no answer").body)
}

func TestQueueThatIsFull(t *testing.T) {
	cfg := patient()
	cfg.QueueSize = 1
	th := newTheatre(t, cfg, 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	second := th.queued(1, "GET", "/second", &client{})
	refused := th.ask("GET", "/third", &client{})
	var overload *OverloadError
	require.ErrorAs(t, refused.err, &overload)
	assert.ErrorIs(t, refused.err, ErrQueueFull)
	assert.GreaterOrEqual(t, overload.RetryAfter, time.Second)
	assert.LessOrEqual(t, overload.RetryAfter, time.Minute)
	assert.Zero(t, refused.trace.Tries)
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "no answer").body)
	th.enter().say("answer 2")
	assert.Equal(t, "2", receive(t, second, "no answer").body)
}

func TestRequestThatWaitsTooLong(t *testing.T) {
	cfg := patient()
	cfg.QueueTimeout = 30 * time.Millisecond
	th := newTheatre(t, cfg, 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	refused := receive(t, th.begin("GET", "/second"), "it waits for ever")
	assert.ErrorIs(t, refused.err, ErrQueueTimeout)
	assert.ErrorAs(t, refused.err, new(*OverloadError))
	assert.GreaterOrEqual(t, refused.trace.Queued, cfg.QueueTimeout, "the access log says how long it waited")
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "no answer").body)
}

func TestNothingIsRunForAClientThatLeft(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	leaver := &client{}
	second := th.queued(1, "GET", "/second", leaver)
	third := th.queued(2, "GET", "/third", &client{})
	leaver.gone.Store(true)
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "no answer").body)
	assert.ErrorIs(t, receive(t, second, "no result").err, ErrClientGone)
	b := th.enter()
	assert.Equal(t, "/third", b.path)
	b.say("answer 3")
	assert.Equal(t, "3", receive(t, third, "no answer").body)
	assert.NotContains(t, th.runs(), "GET /second")
}

func TestTimeout(t *testing.T) {
	cfg := patient()
	cfg.Timeout = 50 * time.Millisecond
	th := newTheatre(t, cfg, 1, 1)
	slow := th.begin("GET", "/slow")
	a := th.enter()
	assert.ErrorIs(t, receive(t, slow, "no result").err, ErrTimeout)
	a.say("answer too late")
	th.Reconfigure(patient(), nil, spool.Limits{Memory: 1 << 20})
	next := th.begin("GET", "/next")
	b := th.enter()
	assert.Equal(t, a.pid, b.pid, "the thread came back and is used again")
	b.say("answer next")
	assert.Equal(t, "next", receive(t, next, "no answer").body)
}

func TestThreadThatDoesNotComeBack(t *testing.T) {
	cfg := patient()
	cfg.Timeout, cfg.GracefulTimeout = 200*time.Millisecond, 50*time.Millisecond
	th := newTheatre(t, cfg, 1, 2)
	stuck := th.begin("GET", "/stuck")
	a := th.enter()
	assert.ErrorIs(t, receive(t, stuck, "no result").err, ErrTimeout)
	next := th.begin("POST", "/next")
	b := th.enter()
	for b.pid == a.pid { // its other thread may take some more before the worker is retired
		b.say("answer old")
		assert.Equal(t, "old", receive(t, next, "no answer").body)
		next = th.begin("POST", "/next")
		b = th.enter()
	}
	b.say("answer new")
	assert.Equal(t, "new", receive(t, next, "no answer").body)
	_ = a.conn.Close() // it may end now
}

func TestApplicationThatRaises(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	results := th.begin("GET", "/x")
	th.enter().say("raise no such luck")
	var app *ApplicationError
	require.ErrorAs(t, receive(t, results, "no result").err, &app)
	assert.Contains(t, app.Traceback, "Traceback (most recent call last)")
	assert.EqualError(t, app, "the application failed: RuntimeError: no such luck")
}

func TestStream(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	resp, a := th.open()
	buffer := make([]byte, 100)
	for _, text := range []string{"one", "two", "three"} {
		if text != "one" {
			a.say("chunk %s", text)
		}
		n, err := resp.Stream.Read(buffer)
		require.NoError(t, err)
		assert.Equal(t, text, string(buffer[:n]), "each chunk comes before the next is made")
	}
	a.say("end")
	_, err := resp.Stream.Read(buffer)
	assert.ErrorIs(t, err, io.EOF)
	assert.Equal(t, "closing", a.hear())
	resp.Close()

	// The answer is over, but close() still runs: the thread is not lent.
	next := th.queued(1, "GET", "/next", &client{})
	a.say("closed")
	b := th.enter()
	b.say("answer next")
	assert.Equal(t, "next", receive(t, next, "no answer").body)
}

func TestReaderThatLeavesAStream(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	resp, a := th.open()
	resp.Close()
	closing := make(chan string, 1)
	go func() { closing <- a.hear() }() // ends with close() of the iterable
	for done := false; !done; {
		select {
		case line := <-closing:
			assert.Equal(t, "closing", line)
			done = true
		default:
			_, _ = fmt.Fprintln(a.conn, "chunk more") // the one after the CANCEL is the last
		}
	}
	_ = a.conn.Close() // all it waits for
	next := th.begin("GET", "/echo/next")
	assert.Equal(t, "/echo/next", receive(t, next, "the thread did not come back").body)
}

func TestStreamThatFails(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	results := th.begin("GET", "/stream/x")
	a := th.enter()
	a.say("chunk half")
	a.say("raise no more")
	assert.Equal(t, "closing", a.hear())
	a.say("closed")
	got := receive(t, results, "no answer")
	assert.Equal(t, "half", got.body)
	assert.ErrorAs(t, got.err, new(*ApplicationError))
}

func TestStreamWhoseWorkerDies(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	resp, a := th.open()
	defer resp.Close()
	a.die()
	body, err := io.ReadAll(resp.Stream)
	assert.Equal(t, "one", string(body))
	assert.ErrorIs(t, err, workers.ErrWorkerDied, "never ended as if it were whole")
}

func TestEachOfManyRequestsGetsItsOwnAnswer(t *testing.T) {
	th := newTheatre(t, patient(), 2, 2)
	var asking sync.WaitGroup
	for g := range 64 {
		asking.Go(func() {
			for i := range 50 {
				path := fmt.Sprintf("/echo/%d/%d", g, i)
				got := th.ask("GET", path, &client{})
				if !assert.NoError(t, got.err) || !assert.Equal(t, path, got.body) {
					return
				}
			}
		})
	}
	asking.Wait()
}
