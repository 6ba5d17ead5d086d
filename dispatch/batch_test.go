package dispatch

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// runs returns what the workers have run so far, as METHOD PATH in the order in which it began.
func (th *theatre) runs() []string {
	th.t.Helper()
	all, err := os.ReadFile(th.stages.Addr().String() + ".runs")
	require.NoError(th.t, err)
	var runs []string
	for line := range strings.Lines(string(all)) {
		words := strings.Fields(line) // process, thread, method, path
		require.Len(th.t, words, 4)
		runs = append(runs, words[2]+" "+words[3])
	}
	return runs
}

// times returns how often each request was run.
func (th *theatre) times() map[string]int {
	th.t.Helper()
	times := map[string]int{}
	for _, run := range th.runs() {
		times[run]++
	}
	return times
}

// began waits until a request runs.
func (th *theatre) began(run string) {
	th.t.Helper()
	require.Eventually(th.t, func() bool { return th.times()[run] > 0 }, deadline, time.Millisecond, "%s did not begin", run)
}

// short makes the dispatcher believe that requests are short, whatever the test does with some of them.
func (th *theatre) short() { th.pace.average.Store(math.MinInt64 / 2) }

// occupy gives each thread a request that the test holds.
func (th *theatre) occupy(threads int) []*actor {
	th.t.Helper()
	var actors []*actor
	for i := range threads {
		results := th.begin("GET", fmt.Sprintf("/occupy/%d", i))
		actors = append(actors, th.enter())
		th.t.Cleanup(func() { receive(th.t, results, "no result") })
	}
	return actors
}

// backlog is a number of requests that wait behind all others. A run is METHOD PATH.
type backlog struct {
	th      *theatre
	runs    []string
	results []<-chan result
}

func (th *theatre) backlog(runs ...string) *backlog {
	th.t.Helper()
	b := &backlog{th: th, runs: runs}
	before := th.waitingNow()
	for i, run := range runs {
		method, path, _ := strings.Cut(run, " ")
		b.results = append(b.results, th.queued(before+i+1, method, path, &client{}))
	}
	return b
}

// echoes returns the runs of n requests that are answered at once.
func echoes(n int) []string {
	var runs []string
	for i := range n {
		runs = append(runs, fmt.Sprintf("GET /echo/%d", i))
	}
	return runs
}

// answered receives the answer to each request but the first from: the path it was sent to.
func (b *backlog) answered(from int) {
	b.th.t.Helper()
	for i := from; i < len(b.runs); i++ {
		got := receive(b.th.t, b.results[i], "no answer to "+b.runs[i])
		require.NoError(b.th.t, got.err, b.runs[i])
		_, path, _ := strings.Cut(b.runs[i], " ")
		assert.Equal(b.th.t, path, got.body)
	}
}

// onceEach holds that each request from the given one on has been run, and not twice.
func (b *backlog) onceEach(from int) {
	b.th.t.Helper()
	times := b.th.times()
	for _, run := range b.runs[from:] {
		assert.Equal(b.th.t, 1, times[run], run)
	}
}

// cont lets a process go on that has been stopped, or is about to be: before it is, the signal would have no effect.
func (th *theatre) cont(pid int) {
	th.t.Helper()
	if runtime.GOOS == "linux" {
		require.Eventually(th.t, func() bool { return rests(th.t, pid) }, deadline, time.Millisecond)
	}
	require.NoError(th.t, syscall.Kill(pid, syscall.SIGCONT))
}

// The first of a backlog stops the process, so there is no other batch until the test lets it go on.
func TestWhatGoesInOneBatch(t *testing.T) {
	tried := func(req *python.Request) { req.Trace.Tries = 1 }
	cases := map[string]struct {
		slow  bool
		retry config.Retry
		first string // "": a GET
		runs  []string
		tweak func(*python.Request)
		batch uint64 // how many went together
	}{
		"a backlog of short requests":         {runs: echoes(9), batch: 10},
		"no more than maxBatch":               {runs: echoes(40), batch: maxBatch},
		"nothing when requests are not short": {runs: echoes(9), slow: true},
		"requests of all methods":             {runs: []string{"PUT /echo/a", "POST /echo/b", "GET /echo/c"}, batch: 4},
		"what follows a POST":                 {first: "POST /stop/", runs: echoes(9), batch: 10},
		"nothing that may have cost a worker": {runs: echoes(2), tweak: tried},
		"also when none may run again":        {runs: echoes(9), retry: config.RetryNever, batch: 10},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := patient()
			cfg.Retry = cmp.Or(c.retry, cfg.Retry)
			th := newTheatre(t, cfg, 1, 1)
			a := th.occupy(1)[0]
			first := cmp.Or(c.first, "GET /stop/")
			b := th.backlog(append([]string{first}, c.runs...)...)
			th.mu.Lock()
			if c.tweak != nil {
				for w := th.shares[0].queue.first.next; w != nil; w = w.next {
					c.tweak(w.req)
				}
			}
			th.mu.Unlock()
			th.short()
			if c.slow {
				th.pace.average.Store(int64(2 * shortRequest))
			}
			a.say("answer")
			th.began(first)
			assert.Equal(t, c.batch, th.State().Batched)
			th.cont(a.pid)
			b.answered(0)
			b.onceEach(0)
			assert.Equal(t, b.runs, th.runs()[1:], "in the order in which they came")
		})
	}
}

func TestBodyInAFileSharesNoBatch(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	a := th.occupy(1)[0]
	first := th.backlog("GET /stop/", "GET /echo/0")
	file, err := os.Create(filepath.Join(t.TempDir(), "body"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	_, err = file.WriteString(" in a file")
	require.NoError(t, err)
	withFile := make(chan result, 1)
	go func() { withFile <- th.askWith("PUT", "/echo/file", python.Body{File: file, Size: 10}) }() // ends with the answer
	require.Eventually(t, func() bool { return th.waitingNow() == 3 }, deadline, time.Millisecond)
	last := th.backlog("GET /echo/1")
	th.short()
	a.say("answer")
	th.began("GET /stop/")
	assert.EqualValues(t, 2, th.State().Batched, "it stays in the queue, and so does what comes behind it")
	th.cont(a.pid)
	first.answered(0)
	assert.Equal(t, "/echo/file in a file", receive(t, withFile, "no answer").body)
	last.answered(0)
}

// askWith is ask with a body.
func (th *theatre) askWith(method, path string, body python.Body) result {
	req := python.NewRequest(&python.Meta{
		Method: []byte(method), Target: []byte(path), Path: []byte(path), Protocol: []byte("HTTP/1.1"), Scheme: "http",
		RequestID: []byte("id"), HasLength: true,
	}, body, &client{})
	defer req.Release()
	return th.run(req)
}

// blocked has a request run in one batch with nine others, on one of two threads. The other thread is free when meanwhile
// is called, which returns when all others have been answered.
func blocked(t *testing.T, th *theatre, path string, meanwhile func(a *actor, b *backlog)) *backlog {
	t.Helper()
	actors := th.occupy(2)
	b := th.backlog(append([]string{"GET /echo/before", "GET " + path}, echoes(8)...)...)
	th.short()
	actors[0].say("answer")
	a := th.enter()
	require.Equal(t, path, a.path)
	actors[1].say("answer")
	meanwhile(a, b)
	b.onceEach(0)
	return b
}

func (b *backlog) othersAnswered() {
	b.th.t.Helper()
	got := receive(b.th.t, b.results[0], "no answer to what was run before")
	assert.Equal(b.th.t, "/echo/before", got.body)
	b.answered(2)
}

func TestWhatBlocksDoesNotKeepThoseBehindIt(t *testing.T) {
	cases := map[string]struct {
		path      string
		meanwhile func(*actor, *backlog)
		want      string
	}{
		"before its head": {"/x", func(a *actor, b *backlog) {
			b.othersAnswered()
			a.say("answer x")
		}, "x"},
		"in a stream": {"/stream/x", func(a *actor, b *backlog) {
			a.say("chunk one")
			b.othersAnswered()
			a.say("end")
			a.hear()
			a.say("closed")
		}, "one"},
		"in close()": {"/stream/x", func(a *actor, b *backlog) {
			a.say("end")
			assert.Equal(a.t, "closing", a.hear())
			b.othersAnswered()
			require.Eventually(a.t, func() bool { return len(b.results[1]) == 1 }, deadline, time.Millisecond, "its own answer waits")
			a.say("closed")
		}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			th := newTheatre(t, patient(), 1, 2)
			b := blocked(t, th, c.path, c.meanwhile)
			got := receive(t, b.results[1], "no answer")
			require.NoError(t, got.err)
			assert.Equal(t, c.want, got.body)
		})
	}
}

// streamed has a stream run in one batch with eight others, on one of two threads. When it returns, the head of the stream
// is there and the other thread is free.
func streamed(t *testing.T, path string) (*python.Response, *backlog) {
	t.Helper()
	th := newTheatre(t, patient(), 1, 2)
	th.Reconfigure(patient(), nil, spool.Limits{Memory: 1000})
	actors := th.occupy(2)
	req := newRequest("GET", path, &client{})
	t.Cleanup(req.Release)
	responses := make(chan *python.Response, 1)
	go func() { // ends with the head of the response
		resp, err := th.do(req)
		assert.NoError(t, err)
		responses <- resp
	}()
	require.Eventually(t, func() bool { return th.waitingNow() == 1 }, deadline, time.Millisecond)
	b := th.backlog(echoes(8)...)
	th.short()
	actors[0].say("answer")
	resp := receive(t, responses, "no response")
	require.NotNil(t, resp)
	t.Cleanup(resp.Close)
	actors[1].say("answer")
	return resp, b
}

func TestReaderThatIsSlowDoesNotKeepThoseBehind(t *testing.T) {
	const size = 500_000 // more than the spool and the pipe take
	path := fmt.Sprintf("/pieces/%d/", size)
	resp, b := streamed(t, path)
	b.answered(0)
	b.onceEach(0)
	body, err := io.ReadAll(resp.Stream)
	require.NoError(t, err)
	assert.Len(t, body, len(path)+size)
}

// There is never a moment without a chunk.
func TestEndlessStreamDoesNotKeepThoseBehind(t *testing.T) {
	resp, b := streamed(t, "/pieces/1000000000000/")
	read := make(chan struct{})
	go func() { // ends when the reader leaves
		defer close(read)
		_, err := io.Copy(io.Discard, resp.Stream)
		assert.Error(t, err, "it is endless")
	}()
	b.answered(0)
	b.onceEach(0)
	resp.Stream.Close()
	receive(t, read, "the stream did not end")
}

func TestDeadlineWithinABatch(t *testing.T) {
	cfg := patient()
	cfg.Timeout = 200 * time.Millisecond
	th := newTheatre(t, cfg, 1, 2)
	actors := th.occupy(2)
	b := th.backlog(append([]string{"GET /x"}, echoes(8)...)...)
	th.short()
	actors[0].say("answer")
	a := th.enter()
	assert.ErrorIs(t, receive(t, b.results[0], "no result").err, ErrTimeout)
	actors[1].say("answer")
	b.answered(1)
	b.onceEach(0)
	a.say("answer late")
}

// An extension may keep the GIL for as long as it computes: then nobody answers the recall, and it comes when the thread
// has gone on.
func TestBehindOneThatKeepsTheGIL(t *testing.T) {
	th := newTheatre(t, patient(), 2, 2)
	for range 5 {
		actors := th.occupy(4)
		require.NoError(t, os.Truncate(th.stages.Addr().String()+".runs", 0))
		b := th.backlog(append(echoes(3), "GET /gil/3000000/0", "GET /gil/3000000/1", "GET /echo/x", "GET /echo/y", "GET /echo/z")...)
		th.short()
		for _, a := range actors {
			a.say("answer")
		}
		for i, results := range b.results {
			require.NoError(t, receive(t, results, "no answer to "+b.runs[i]).err)
		}
		b.onceEach(0)
	}
}

// sluggish has a thread run a request for path, which the test holds, and makes a backlog behind it.
func sluggish(t *testing.T, path string, runs ...string) (*theatre, *actor, *backlog) {
	t.Helper()
	th := newTheatreWith(t, "sluggish", patient(), 1, 1)
	results := th.begin("GET", path)
	t.Cleanup(func() { receive(t, results, "no result") })
	a := th.enter()
	b := th.backlog(runs...)
	th.short()
	return th, a, b
}

func TestRecallBeforeTheThreadHasReadItsBatch(t *testing.T) {
	th, a, b := sluggish(t, "/deaf/", append(echoes(8), "POST /echo/post")...)
	a.say("answer")
	asleep := th.enter()
	require.Equal(t, "asleep", asleep.path)
	require.Eventually(t, func() bool { return th.waitingNow() == 8 }, deadline, time.Millisecond,
		"all but the first were taken back, and there is no further batch")
	asleep.say("awake")
	b.answered(0)
	b.onceEach(0)
	assert.Equal(t, b.runs, th.runs()[1:], "in the order in which they came")
}

func TestWorkerThatDoesNotAnswerARecall(t *testing.T) {
	th, a, b := sluggish(t, "/mute/", append([]string{"GET /x"}, echoes(8)...)...)
	a.say("answer")
	x := th.enter()
	asked := th.enter()
	require.Equal(t, "asked", asked.path)
	assert.Zero(t, th.waitingNow(), "they went in one batch")
	x.say("answer /x")
	b.answered(0)
	b.onceEach(0)

	again := th.occupyBefore("GET /stop/", "GET /echo/single")
	assert.Equal(t, 1, th.waitingNow(), "there is no other batch before the answer")
	th.cont(x.pid)
	again.answered(0)
	asked.say("answer") // it comes too late for the batch that it is about, and when there is none
	require.Eventually(t, th.answeredRecall, deadline, time.Millisecond)

	again = th.occupyBefore("GET /stop/2", "GET /echo/batch")
	assert.Zero(t, th.waitingNow())
	th.cont(x.pid)
	again.answered(0)
	again.onceEach(0)
}

// occupyBefore makes a backlog whose first request runs when this returns.
func (th *theatre) occupyBefore(runs ...string) *backlog {
	th.t.Helper()
	a := th.occupy(1)[0]
	b := th.backlog(runs...)
	th.short()
	a.say("answer")
	th.began(runs[0])
	return b
}

func TestRecallThatIsAnsweredLate(t *testing.T) {
	th, a, b := sluggish(t, "/mute/", "GET /x", "GET /echo/0", "GET /y", "GET /echo/1", "GET /echo/2")
	a.say("answer")
	x := th.enter()
	asked := th.enter()
	require.Equal(t, "asked", asked.path)
	x.say("answer /x")
	y := th.enter()
	asked.say("answer")
	require.Eventually(t, func() bool { return th.waitingNow() == 2 }, deadline, time.Millisecond,
		"what is behind the one that runs by now is taken back")
	y.say("answer /y")
	b.answered(0)
	b.onceEach(0)
}

// answeredRecall reports whether an idle thread can be given batches.
func (th *theatre) answeredRecall() bool {
	th.mu.Lock()
	defer th.mu.Unlock()
	idle := th.lanes[0].idle
	return len(idle) == 1 && !idle[0].unanswered() // it is idle, so it is ours while we have the lock
}

func TestWorkerThatDiesInTheMiddleOfABatch(t *testing.T) {
	cases := map[string]struct {
		runs  []string
		times map[string]int // how often each is run, where it is not once
		fails map[string]bool
	}{
		"by an idempotent request, which is run once more": {
			runs: append([]string{"GET /die-once/"}, echoes(6)...), times: map[string]int{"GET /die-once/": 2},
		},
		"by a POST, which is not": {
			runs: append([]string{"POST /die/"}, echoes(6)...), fails: map[string]bool{"POST /die/": true},
		},
		"by a POST behind others": {
			runs:  []string{"POST /echo/a", "POST /echo/b", "POST /die/", "GET /echo/c", "POST /echo/d"},
			fails: map[string]bool{"POST /die/": true},
		},
		"behind a POST, which has had its answer": {
			runs:  append([]string{"POST /echo/a", "GET /die/"}, echoes(6)...),
			times: map[string]int{"GET /die/": 2}, fails: map[string]bool{"GET /die/": true},
		},
		"by one that kills any worker": {
			runs:  append([]string{"GET /die/"}, echoes(6)...),
			times: map[string]int{"GET /die/": 2}, fails: map[string]bool{"GET /die/": true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			th := newTheatre(t, patient(), 1, 1)
			a := th.occupy(1)[0]
			b := th.backlog(c.runs...)
			th.short()
			a.say("answer")
			for i, run := range b.runs {
				got := receive(t, b.results[i], "no result of "+run)
				if c.fails[run] {
					assert.ErrorIs(t, got.err, workers.ErrWorkerDied, run)
				} else if assert.NoError(t, got.err, run) {
					assert.Equal(t, strings.Fields(run)[1], got.body)
				}
				assert.Equal(t, max(1, c.times[run]), th.times()[run], run)
			}
		})
	}
}

// None of them would be run again.
func TestAnswersAreNotLostWithTheWorkerWhereNothingMayRunAgain(t *testing.T) {
	cfg := patient()
	cfg.Retry = config.RetryNever
	th := newTheatre(t, cfg, 1, 1)
	a := th.occupy(1)[0]
	b := th.backlog("GET /echo/a", "GET /echo/b", "GET /die/", "GET /echo/c")
	th.short()
	a.say("answer")
	for i, run := range b.runs {
		got := receive(t, b.results[i], "no result of "+run)
		if run == "GET /die/" {
			assert.ErrorIs(t, got.err, workers.ErrWorkerDied)
			continue
		}
		assert.NoError(t, got.err, run)
	}
	b.onceEach(0)
}

// One that kills its worker takes those before it along, whose answers were held back. It is found out all the same.
func TestKillerBehindOthersKillsTwoWorkersAtMost(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	a := th.occupy(1)[0]
	b := th.backlog("GET /echo/a", "GET /echo/b", "GET /die/", "GET /echo/c")
	th.short()
	a.say("answer")
	for i, run := range b.runs {
		got := receive(t, b.results[i], "no result of "+run)
		times := th.times()[run]
		if run == "GET /die/" {
			assert.ErrorIs(t, got.err, workers.ErrWorkerDied)
			assert.Equal(t, 2, times)
			continue
		}
		assert.NoError(t, got.err, run)
		assert.LessOrEqual(t, times, 2, run)
	}
}

func TestWorkerThatIsKilledWhileOneBlocks(t *testing.T) {
	th := newTheatre(t, patient(), 2, 1)
	actors := th.occupy(2)
	b := th.backlog(append([]string{"GET /x"}, echoes(8)...)...)
	th.short()
	actors[0].say("answer")
	x := th.enter()
	require.Eventually(t, func() bool { return th.waitingNow() == 8 }, deadline, time.Millisecond, "they were taken back")
	x.die()
	actors[1].say("answer")
	th.enter().say("answer /x")
	b.answered(0)
	b.onceEach(1)
	assert.Equal(t, 2, th.times()["GET /x"])
}

func TestManyRequestsOfAllKindsAreRunOnceEach(t *testing.T) {
	th := newTheatre(t, patient(), 2, 2)
	var asking sync.WaitGroup
	held := make(chan struct{}, 1000)
	holding := make(chan struct{})
	go func() { // ends when there is nothing left to hold
		defer close(holding)
		for range held {
			a := th.enter()
			a.say("answer %s", a.path)
		}
	}()
	const askers, each = 64, 200
	for g := range askers {
		asking.Go(func() {
			for i := range each {
				if !th.askOne(fmt.Sprintf("%d.%d", g, i), g*each+i, held) {
					return
				}
			}
		})
	}
	asking.Wait()
	close(held)
	receive(t, holding, "a request that was held did not end")
	times := th.times()
	assert.Len(t, times, askers*each, "none is missing")
	for run, n := range times {
		if n != 1 {
			assert.Equal(t, 1, n, run)
		}
	}
}

// askOne asks for something whose kind depends on n, and checks the answer.
func (th *theatre) askOne(id string, n int, held chan<- struct{}) bool {
	word, method, size, body := "echo", "GET", 0, ""
	switch n % 20 {
	case 3, 4:
		word, size = "size", 9_000+n
	case 7:
		word, size = "size", 70_000+n
	case 9:
		word, size = "pieces", 25_000+n
	case 11, 12:
		method, body = "POST", strings.Repeat("b", n)
	case 14:
		method, body = "PUT", strings.Repeat("c", 40_000+n)
	case 16:
		return th.askWithFile(id, n)
	case 19:
		word, method = "hold", "PATCH"
		held <- struct{}{}
	}
	path := fmt.Sprintf("/%s/%d/%s", word, size, id)
	got := th.askWith(method, path, python.Body{Memory: []byte(body), Size: int64(len(body))})
	want := path + body + strings.Repeat("x", size)
	return assert.NoError(th.t, got.err) && assert.Equal(th.t, want, got.body, "%s has another answer", path)
}

func (th *theatre) askWithFile(id string, n int) bool {
	file, err := os.Create(filepath.Join(filepath.Dir(th.stages.Addr().String()), id))
	if !assert.NoError(th.t, err) {
		return false
	}
	defer func() { _ = file.Close() }()
	text := strconv.Itoa(n)
	if _, err = file.WriteString(text); !assert.NoError(th.t, err) {
		return false
	}
	path := "/echo/file/" + id
	got := th.askWith("PUT", path, python.Body{File: file, Size: int64(len(text))})
	return assert.NoError(th.t, got.err) && assert.Equal(th.t, path+text, got.body)
}
