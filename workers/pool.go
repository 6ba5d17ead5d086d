package workers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// Host is who lends the slots. Its methods do not block.
type Host interface {
	// Offer makes the slots of a ready worker available.
	Offer(w *Worker)
	// Withdraw takes them back: none is lent from now on. The channel is closed when none is in use any more.
	Withdraw(w *Worker) (idle <-chan struct{})
}

// Pool keeps the workers of one generation running, replaces them one by one, and puts another generation in their place
// when it is asked to.
type Pool struct {
	sources  map[bool][]byte // the worker program, with native code and without, as far as it was asked for; the supervisor's
	host     Host
	log      *slog.Logger
	starter  starter
	failures failureLog
	large    *spool.Budget // for wide pipes
	first    plan

	hurry    <-chan struct{}   // closed when nothing more is waited for; set by Run
	ready    chan python.Ready // takes what the first ready worker said; one entry
	wasReady atomic.Bool       // that has happened
	lent     atomic.Int32      // workers whose slots are lent
	born     atomic.Int64      // workers that were started, or were to be
	roster   roster
	restarts restarts

	generations int // that have begun; the supervisor's

	reloads   chan *reload  // to Run
	resizes   chan resize   // to Run
	ended     chan struct{} // closed when Run has returned
	recycling chan struct{} // holds an entry while a worker is being recycled
	ending    sync.WaitGroup
}

// plan is what the workers of a generation run, and how.
type plan struct {
	cfg     config.Workers
	grace   time.Duration // how long the requests of a worker that is replaced may take to end
	program Program
}

// reload is a generation that is asked for.
type reload struct {
	plan plan
	said python.Ready // what one of its workers says; valid after done, if all went well
	done chan error   // what became of it; one entry
}

// resize is a change of the number of workers.
type resize struct {
	by   int
	left chan int // how many there are then; one entry
}

// What a reload may end with, besides the errors of a start.
var (
	// ErrSuperseded says that another reload was asked for before this one had begun.
	ErrSuperseded = errors.New("another reload came after this one")
	// ErrStopped says that the workers are being stopped, or never ran.
	ErrStopped = errors.New("the workers are stopped")
)

// New makes a pool that lends its slots through host. grace is how long the requests of a worker that is replaced may
// take to end. It starts nothing.
func New(cfg config.Workers, grace time.Duration, program Program, host Host, log *slog.Logger) (*Pool, error) {
	sources, err := python.SourcesFrame(cfg.Native)
	if err != nil {
		return nil, err
	}
	return &Pool{
		sources: map[bool][]byte{cfg.Native: sources}, host: host, log: log, failures: failureLog{log: log},
		first:   plan{cfg, grace, program},
		starter: starter{requests: make(chan startRequest)},
		ready:   make(chan python.Ready, 1),
		reloads: make(chan *reload), resizes: make(chan resize), ended: make(chan struct{}),
		recycling: make(chan struct{}, 1), large: newPipeBudget(),
	}, nil
}

// Ready gives what the first worker that is ready said of itself, once.
func (p *Pool) Ready() <-chan python.Ready { return p.ready }

// serving reports whether there is a worker whose slots are lent.
func (p *Pool) serving() bool { return p.lent.Load() > 0 }

// Run starts the workers and keeps them running until ctx ends; then it ends them, after the requests on their slots or
// when drain ends, and returns nil when no process is left. It returns a *LoadError or a *PythonError if the very first
// start shows that no start will succeed. It is called once.
func (p *Pool) Run(ctx, drain context.Context) error {
	defer close(p.ended)
	p.hurry = drain.Done()
	ctx, stop := context.WithCancel(ctx)
	starting, endStarter := context.WithCancel(context.Background())
	var starterDone sync.WaitGroup
	starterDone.Go(func() { p.starter.run(starting) })

	err := p.supervise(ctx)
	stop()
	p.ending.Wait()
	endStarter()
	starterDone.Wait()
	return err
}

// supervise starts generations and puts them in each other's place. It alone knows which there are.
func (p *Pool) supervise(ctx context.Context) error {
	var (
		current  = p.begin(ctx, p.first, false)
		hopeless = current.failed // only the first generation can end all
		next     *generation      // boots; nil when none does
		asked    *reload          // what next is for
		waiting  *reload          // what comes after it
	)
	for {
		select {
		case <-ctx.Done():
			asked.finish(ErrStopped)
			waiting.finish(ErrStopped)
			return nil
		case err := <-hopeless:
			if p.mayHeal(err) {
				hopeless = nil
				continue
			}
			asked.finish(ErrStopped)
			waiting.finish(ErrStopped)
			return err
		case r := <-p.reloads:
			waiting.finish(ErrSuperseded)
			waiting = r
		case r := <-p.resizes:
			r.left <- current.resize(ctx, r.by)
		case <-next.whenLoaded():
			if next.open() {
				p.restarts.add(Reloaded, len(current.seats))
				current.end()
				asked.said = next.said
				asked.finish(nil)
				current, next, asked, hopeless = next, nil, nil, nil
			}
		case err := <-next.whenFailed():
			next.end()
			asked.finish(err)
			next, asked = nil, nil
		}
		if next == nil && waiting != nil {
			next, asked, waiting = p.begin(ctx, waiting.plan, true), waiting, nil
		}
	}
}

// mayHeal reports whether the first generation, of no use, is waited for to be followed by another one: whoever develops an
// application mends it, and has it loaded again by that.
func (p *Pool) mayHeal(err error) bool {
	var load *LoadError
	if !p.first.cfg.Reload || !errors.As(err, &load) {
		return false
	}
	p.log.Error("the application could not be loaded, it is tried again when a file changes", "traceback", load.Traceback)
	return true
}

// finish answers for a reload, if there is one.
func (r *reload) finish(err error) {
	if r != nil {
		r.done <- err
	}
}

// Reload boots a generation of workers by another plan, and when all of them are ready lends their slots and drains those
// of the generation before. It blocks until that drain has begun, and returns what one of them says of itself. After any error the old generation goes on as if
// nothing had been: a *LoadError, a *PythonError, ErrBootTimeout, or a *DiedError when a worker has died several times.
// Only one generation boots at a time: of those that are asked for meanwhile the latest wins, and the others end with
// ErrSuperseded. Safe for concurrent use.
func (p *Pool) Reload(cfg config.Workers, grace time.Duration, program Program) (python.Ready, error) {
	r := p.ask(plan{cfg, grace, program})
	err := <-r.done
	return r.said, err
}

// ask hands a plan to the supervisor and returns the reload, whose result is to come.
func (p *Pool) ask(plan plan) *reload {
	r := &reload{plan: plan, done: make(chan error, 1)}
	select {
	case p.reloads <- r:
	case <-p.ended:
		r.finish(ErrStopped)
	}
	return r
}

// Resize adds workers to those that run, or takes some away, which then drain; one always stays. It returns how many
// there are to be now, 0 when the pool has ended. The next reload goes back to the number of its configuration. Safe for
// concurrent use.
func (p *Pool) Resize(by int) int {
	r := resize{by, make(chan int, 1)}
	select {
	case p.resizes <- r:
		return <-r.left
	case <-p.ended:
		return 0
	}
}
