package dispatch

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/panjf2000/ants/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// divided returns a theatre with settings for path prefixes.
func divided(t *testing.T, processes, threads int, paths ...config.Path) *theatre {
	t.Helper()
	th := newTheatre(t, patient(), processes, threads)
	th.Reconfigure(patient(), paths, spool.Limits{Memory: 1 << 20})
	return th
}

// What waits for its prefix's slots keeps nobody else from running.
func TestSlotsOfAPathPrefix(t *testing.T) {
	th := divided(t, 1, 4, config.Path{Prefix: "/report", Slots: 2})
	var reports []<-chan result
	var actors []*actor
	for i := range 2 {
		reports = append(reports, th.begin("GET", fmt.Sprintf("/report/%d", i)))
		actors = append(actors, th.enter())
	}
	reports = append(reports, th.queued(1, "GET", "/report/2", &client{}), th.queued(2, "GET", "/report/3", &client{}))
	page := th.begin("GET", "/page")
	a := th.enter()
	assert.Equal(t, "/page", a.path)
	a.say("answer page")
	assert.Equal(t, "page", receive(t, page, "no answer").body)
	assert.Equal(t, 2, th.waitingNow(), "that a thread is idle again changes nothing")

	for i := range 2 {
		actors[i].say("answer %d", i)
		assert.Equal(t, fmt.Sprint(i), receive(t, reports[i], "no answer").body)
		actors = append(actors, th.enter())
		assert.Equal(t, fmt.Sprintf("/report/%d", i+2), actors[i+2].path, "in their order")
	}
	for i := 2; i < 4; i++ {
		actors[i].say("answer %d", i)
		assert.Equal(t, fmt.Sprint(i), receive(t, reports[i], "no answer").body)
	}
}

// A worker that dies takes threads with it that ran requests of the prefix: others may run then.
func TestSlotsOfAWorkerThatDies(t *testing.T) {
	th := divided(t, 2, 1, config.Path{Prefix: "/report", Slots: 1})
	first := th.begin("POST", "/report/0")
	a := th.enter()
	second := th.queued(1, "POST", "/report/1", &client{})
	a.die()
	require.Error(t, receive(t, first, "no result").err)
	b := th.enter()
	assert.Equal(t, "/report/1", b.path)
	b.say("answer 1")
	assert.Equal(t, "1", receive(t, second, "no answer").body)
}

func TestThreadsThatAreKeptForAPathPrefix(t *testing.T) {
	th := divided(t, 2, 2, config.Path{Prefix: "/health", Reserve: 1})
	var pages []<-chan result
	var actors []*actor
	for i := range 3 {
		pages = append(pages, th.begin("GET", fmt.Sprintf("/%d", i)))
		actors = append(actors, th.enter())
	}
	waiting := th.queued(1, "GET", "/3", &client{})
	for range 3 { // again and again, in front of those that wait
		health := th.begin("GET", "/health")
		h := th.enter()
		assert.Equal(t, "/health", h.path)
		second := th.queued(2, "GET", "/health/second", &client{})
		h.say("answer well")
		assert.Equal(t, "well", receive(t, health, "no answer").body)
		h = th.enter()
		assert.Equal(t, "/health/second", h.path)
		h.say("answer well")
		assert.Equal(t, "well", receive(t, second, "no answer").body)
	}
	actors[0].say("answer 0")
	assert.Equal(t, "0", receive(t, pages[0], "no answer").body)
	a := th.enter()
	assert.Equal(t, "/3", a.path)
	a.say("answer 3")
	assert.Equal(t, "3", receive(t, waiting, "no answer").body)
	for i, a := range actors[1:] {
		a.say("answer x")
		assert.Equal(t, "x", receive(t, pages[i+1], "no answer").body)
	}
}

func TestQueueOfAPathPrefix(t *testing.T) {
	one, soon := 1, 30*time.Millisecond
	cfg := patient()
	cfg.QueueSize = 2
	th := newTheatre(t, cfg, 1, 1)
	th.Reconfigure(cfg, []config.Path{{Prefix: "/one", QueueSize: &one}, {Prefix: "/soon", QueueTimeout: &soon}}, spool.Limits{Memory: 1})
	first := th.begin("GET", "/first")
	a := th.enter()
	waiting := []<-chan result{th.queued(1, "GET", "/one/0", &client{})}
	assert.ErrorIs(t, th.ask("GET", "/one/1", &client{}).err, ErrQueueFull)
	waiting = append(waiting, th.queued(2, "GET", "/0", &client{}), th.queued(3, "GET", "/1", &client{}))
	assert.ErrorIs(t, th.ask("GET", "/2", &client{}).err, ErrQueueFull, "what waits of a prefix takes no place of the others")
	assert.ErrorIs(t, th.ask("GET", "/soon", &client{}).err, ErrQueueTimeout)
	a.say("answer first")
	assert.Equal(t, "first", receive(t, first, "no answer").body)
	for i, path := range []string{"/one/0", "/0", "/1"} {
		b := th.enter()
		assert.Equal(t, path, b.path, "all in the order in which they came")
		b.say("answer %d", i)
		assert.Equal(t, fmt.Sprint(i), receive(t, waiting[i], "no answer").body)
	}
}

// A batch does not put requests in front of those of another prefix that came before them.
func TestABatchIsOfOneShare(t *testing.T) {
	th := divided(t, 1, 1, config.Path{Prefix: "/echo/x", Slots: 1})
	a := th.occupy(1)[0]
	b := th.backlog("GET /echo/1", "GET /echo/2", "GET /echo/x", "GET /echo/3", "GET /echo/x/2", "GET /echo/4")
	th.short()
	a.say("answer 0")
	b.answered(0)
	assert.Equal(t, append([]string{"GET /occupy/0"}, b.runs...), th.runs())
}

func TestReloadOfSharesWhileRequestsWait(t *testing.T) {
	th := divided(t, 1, 2, config.Path{Prefix: "/report", Slots: 1})
	first := th.begin("GET", "/report/0")
	a := th.enter()
	second := th.queued(1, "GET", "/report/1", &client{})
	third := th.queued(2, "GET", "/report/2", &client{})

	th.Reconfigure(patient(), []config.Path{{Prefix: "/other", Slots: 1}, {Prefix: "/report", Slots: 2}}, spool.Limits{Memory: 1 << 20})
	b := th.enter()
	assert.Equal(t, "/report/1", b.path, "it may run now")
	assert.Equal(t, 1, th.waitingNow())
	th.Reconfigure(patient(), nil, spool.Limits{Memory: 1 << 20})
	b.say("answer 1")
	assert.Equal(t, "1", receive(t, second, "no answer").body)
	c := th.enter()
	assert.Equal(t, "/report/2", c.path, "what waits in a share that is gone is served as all others")
	fourth := th.queued(1, "GET", "/report/3", &client{})
	for i, results := range map[*actor]<-chan result{a: first, c: third} {
		i.say("answer x")
		assert.Equal(t, "x", receive(t, results, "no answer").body)
	}
	d := th.enter()
	d.say("answer 3")
	assert.Equal(t, "3", receive(t, fourth, "no answer").body)
	th.Reconfigure(patient(), nil, spool.Limits{Memory: 1 << 20})
	assert.Len(t, th.shares, 1)
	assert.False(t, th.divided)
}

func TestWhatIsKeptWhileWorkersAreMissing(t *testing.T) {
	paths := []config.Path{{Prefix: "/a", Reserve: 2}, {Prefix: "/b", Reserve: 3}}
	for threads, want := range map[int][]int{0: {0, 0}, 1: {0, 0}, 2: {1, 0}, 4: {2, 1}, 6: {2, 3}, 8: {2, 3}} {
		d := crew(t, paths, 0, 0)
		d.threads = threads
		d.keep()
		assert.Equal(t, want, []int{d.shares[1].kept, d.shares[2].kept}, "%d threads", threads)
	}
}

// play is a dispatcher whose threads are held by the test: it decides, and nothing runs.
type play struct {
	*Dispatcher
	t    *testing.T
	jobs chan job
	held []job
	came int // requests
	done int // requests whose threads are back
}

func newPlay(t *testing.T, processes, threads int) *play {
	p := &play{Dispatcher: crew(t, nil, processes, threads), t: t, jobs: make(chan job, 100)}
	p.pace.average.Store(int64(time.Hour)) // no batches
	p.drivers.Release()
	var err error
	p.drivers, err = ants.NewPoolWithFuncGeneric(100, func(j job) { p.jobs <- j })
	require.NoError(t, err)
	t.Cleanup(p.drivers.Release)
	return p
}

// admit has a request come.
func (p *play) admit(path int) {
	req := &python.Request{Method: "GET", Path: path, Client: &client{}}
	thread, w, err := p.Dispatcher.admit(req)
	require.NoError(p.t, err)
	p.came++
	if w == nil {
		p.begun(job{thread: thread})
		assert.Zero(p.t, p.shareOf(path).queue.len(), "it does not come before those of its own prefix")
	}
}

// begun holds a request that was given a thread. What it must not do, it must not do now.
func (p *play) begun(j job) {
	p.held = append(p.held, j)
	p.mu.Lock()
	defer p.mu.Unlock()
	mine, kept := j.thread.share, 0
	if mine != nil && mine.slots > 0 {
		assert.LessOrEqual(p.t, mine.running, mine.slots)
	}
	if mine == nil || mine.running > mine.kept {
		for _, s := range p.shares {
			kept += s.missing()
		}
	}
	assert.GreaterOrEqual(p.t, p.idleThreads(), kept, "a thread that is kept for others")
}

// giveBack gives back the thread of a held request, and holds what is begun then.
func (p *play) giveBack(i int) {
	j := p.held[i]
	p.held = append(p.held[:i], p.held[i+1:]...)
	if j.waiter != nil {
		j.waiter.free()
	}
	p.done++
	p.Dispatcher.giveBack(j.thread)
	p.collect()
}

// collect holds what was begun meanwhile.
func (p *play) collect() {
	p.mu.Lock()
	busy := p.threads - p.idleThreads()
	p.mu.Unlock()
	for len(p.held) < busy {
		p.begun(receive(p.t, p.jobs, "a thread is lent and nobody has it"))
	}
}

// check holds what is always so.
func (p *play) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if idle := p.idleThreads(); idle > 0 {
		assert.Nil(p.t, p.nextToRun(idle), "a request waits that may run, and a thread is idle")
	}
	waiting, running := 0, map[*share]int{}
	for _, s := range p.shares {
		waiting += s.queue.len()
	}
	for _, j := range p.held {
		running[j.thread.share]++
	}
	for _, s := range p.shares {
		if s.prefix != "" {
			assert.Equal(p.t, running[s], s.running, s.prefix)
		}
	}
	assert.Equal(p.t, p.came, waiting+len(p.held)+p.done, "every request waits, runs or is done")
}

// TestDivisionsOfThreads plays at random, and holds after each step that slots and reserves are kept, and that nothing
// waits that may run.
func TestDivisionsOfThreads(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test that can be repeated
		p := newPlay(t, 1+random.IntN(3), 1+random.IntN(4))
		for range 300 {
			switch n := random.IntN(100); {
			case n < 2:
				p.Reconfigure(patient(), randomPaths(random, p.threads), spool.Limits{Memory: 1})
				p.collect()
			case n < 55:
				p.admit(random.IntN(5) - 1)
			case len(p.held) > 0:
				p.giveBack(random.IntN(len(p.held)))
			}
			p.check()
		}
		for len(p.held) > 0 {
			p.giveBack(0)
			p.check()
		}
		require.False(t, t.Failed(), "seed %d", seed)
		assert.Equal(t, p.came, p.done)
	}
}

// randomPaths returns some prefixes as the configuration allows them: a thread is left for others, and no more are kept
// than may run.
func randomPaths(random *rand.Rand, threads int) []config.Path {
	var paths []config.Path
	left := threads - 1
	for i := range random.IntN(4) {
		p := config.Path{Prefix: fmt.Sprintf("/%d", i), Slots: random.IntN(4), Reserve: random.IntN(left + 1)}
		if p.Slots > 0 {
			p.Reserve = min(p.Reserve, p.Slots)
		}
		left -= p.Reserve
		paths = append(paths, p)
	}
	return paths
}

// A thread that is lost leaves no idle one behind, but its prefix may have another one now.
func TestSlotsOfAThreadThatIsLost(t *testing.T) {
	p := newPlay(t, 2, 1)
	p.Reconfigure(patient(), []config.Path{{Prefix: "/report", Slots: 1}}, spool.Limits{Memory: 1})
	p.admit(0)
	p.admit(0)
	assert.Len(t, p.held, 1)
	lost := p.held[0].thread
	p.lose(lost)
	next := receive(t, p.jobs, "it waits on")
	assert.NotSame(t, lost, next.thread)
	assert.Equal(t, 1, next.thread.share.running)
}
