package workers

import (
	"context"
	"sync"

	"forebay/python"
)

// generation is the workers that run one program with one configuration. A gated one lends nothing before all its workers
// are loaded and the gate is opened, and a worker that cannot be started is the end of it.
type generation struct {
	plan
	sources []byte // the worker program
	pool    *Pool
	number  int                  // of all generations, from 1
	seats   []context.CancelFunc // each ends its seat; the supervisor's own
	nursery *nursery             // where the workers come from; nil: each imports the application itself

	gate    chan struct{}  // closed when slots may be lent
	passing sync.WaitGroup // seats that have not seen it closed
	leaving sync.WaitGroup // seats that may have something lent
	failed  chan error     // why the generation is of no use; one entry
	loaded  chan struct{}  // gets an entry whenever the last of the workers is loaded

	mu       sync.Mutex
	standing int          // workers that are loaded and wait
	said     python.Ready // what the last of them says
}

// begin starts the workers of a plan.
func (p *Pool) begin(ctx context.Context, plan plan, gated bool) *generation {
	p.generations++
	g := &generation{
		plan: plan, sources: p.sourcesFor(plan.cfg.Native), pool: p, number: p.generations, gate: make(chan struct{}), failed: make(chan error, 1), loaded: make(chan struct{}, 1),
	}
	if !gated {
		close(g.gate)
	}
	if plan.cfg.Preload {
		g.preload(ctx)
	}
	g.resize(ctx, plan.cfg.Processes)
	return g
}

// sourcesFor returns the worker program with native code, or without. It is called by the supervisor.
func (p *Pool) sourcesFor(native bool) []byte {
	if p.sources[native] == nil {
		sources, err := python.SourcesFrame(native)
		if err != nil { // the other one could be read, which is as good
			return p.sources[!native]
		}
		p.sources[native] = sources
	}
	return p.sources[native]
}

// resize adds or removes seats, but not the last one, and returns how many there are. They end with ctx at the latest.
func (g *generation) resize(ctx context.Context, by int) int {
	for ; by > 0; by-- {
		ctx, end := context.WithCancel(ctx)
		g.seats = append(g.seats, end)
		s := g.newSeat(len(g.seats))
		g.passing.Add(1)
		g.leaving.Add(1)
		g.pool.ending.Go(func() { s.run(ctx) }) // ends with ctx
	}
	for ; by < 0 && len(g.seats) > 1; by++ {
		last := len(g.seats) - 1
		g.seats[last]()
		g.seats = g.seats[:last]
	}
	return len(g.seats)
}

// preload has the workers forked from a template.
func (g *generation) preload(ctx context.Context) {
	if !forksSafely {
		g.pool.log.Warn("preload needs Linux: each worker imports the application itself")
		return
	}
	ctx, end := context.WithCancel(ctx)
	g.nursery = newNursery(g, end)
	g.pool.ending.Go(func() { g.nursery.run(ctx) }) // ends with ctx
}

// end has all workers drained. It returns when nothing of them is lent to further requests, and does not wait for the rest.
func (g *generation) end() {
	for _, end := range g.seats {
		end()
	}
	g.leaving.Wait() // seats never block
	if g.nursery != nil {
		g.nursery.close()
	}
}

// stand counts a worker that is loaded and waits for the gate.
func (g *generation) stand(w *Worker) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said = w.ready
	g.standing++
	if g.standing == g.cfg.Processes {
		select {
		case g.loaded <- struct{}{}:
		default: // the supervisor has not seen the last one yet
		}
	}
}

// fall counts a worker that has died while it waited for the gate.
func (g *generation) fall() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.standing--
}

// open opens the gate if all workers are still loaded, and returns when their slots are lent.
func (g *generation) open() bool {
	g.mu.Lock()
	all := g.standing == g.cfg.Processes
	g.mu.Unlock()
	if all {
		close(g.gate)
		g.passing.Wait() // seats never block, so this is a matter of microseconds
	}
	return all
}

// gated reports whether the gate is still closed.
func (g *generation) gated() bool {
	select {
	case <-g.gate:
		return false
	default:
		return true
	}
}

// fail says that the generation is of no use; the first reason counts.
func (g *generation) fail(err error) {
	select {
	case g.failed <- err:
	default: // one is enough
	}
}

// whenLoaded gets an entry when all workers wait for the gate. It is nil without a generation.
func (g *generation) whenLoaded() <-chan struct{} {
	if g == nil {
		return nil
	}
	return g.loaded
}

// whenFailed gets the reason when the generation is of no use. It is nil without a generation.
func (g *generation) whenFailed() <-chan error {
	if g == nil {
		return nil
	}
	return g.failed
}
