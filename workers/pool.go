package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/python"
)

// Host is who lends the slots. Its methods do not block.
type Host interface {
	// Offer makes the slots of a ready worker available.
	Offer(w *Worker)
	// Withdraw takes them back: none is lent from now on. The channel is closed when none is in use any more.
	Withdraw(w *Worker) (idle <-chan struct{})
}

// Pool is a fixed number of seats, each with one worker in it at nearly all times.
type Pool struct {
	cfg     config.Workers
	grace   time.Duration
	program Program
	sources []byte
	host    Host
	log     *slog.Logger
	starter starter

	hurry    <-chan struct{}   // closed when nothing more is waited for; set by Run
	ready    chan python.Ready // takes what the first ready worker said; one entry
	wasReady atomic.Bool       // that has happened
	ending   sync.WaitGroup    // workers that are replaced already and still finish
}

// New makes a pool that lends its slots through host. grace is how long the requests of a worker that is replaced may
// take to end. It starts nothing.
func New(cfg config.Workers, grace time.Duration, program Program, host Host, log *slog.Logger) (*Pool, error) {
	sources, err := python.SourcesFrame()
	if err != nil {
		return nil, err
	}
	return &Pool{
		cfg: cfg, grace: grace, program: program, sources: sources, host: host, log: log,
		starter: starter{requests: make(chan startRequest)},
		ready:   make(chan python.Ready, 1),
	}, nil
}

// Ready gives what the first worker that is ready said of itself, once.
func (p *Pool) Ready() <-chan python.Ready { return p.ready }

// Run starts the workers and keeps them running until ctx ends; then it ends them, after the requests on their slots or
// when drain ends, and returns nil when no process is left. It returns a *LoadError or a *PythonError if the very first
// start shows that no start will succeed.
func (p *Pool) Run(ctx, drain context.Context) error {
	p.hurry = drain.Done()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	starting, endStarter := context.WithCancel(context.Background())
	var starterDone sync.WaitGroup
	starterDone.Go(func() { p.starter.run(starting) })

	var seats sync.WaitGroup
	for id := 1; id <= p.cfg.Processes; id++ {
		seats.Go(func() {
			if err := p.seat(ctx, id); err != nil {
				stop(err)
			}
		})
	}
	seats.Wait()
	p.ending.Wait()
	endStarter()
	starterDone.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// seat keeps one worker running until ctx ends. It returns an error only for a first start that cannot succeed.
func (p *Pool) seat(ctx context.Context, id int) error {
	failures := 0
	for ctx.Err() == nil {
		w, err := p.bring(ctx, id)
		switch {
		case ctx.Err() != nil && err != nil:
			return nil
		case err != nil:
			if reason := p.hopeless(err); reason != nil {
				return reason
			}
			failures++
			p.logFailure(id, err, backoff(failures))
		default:
			if p.keep(ctx, w) {
				failures = 0
				continue
			}
			failures++
		}
		pause(ctx, backoff(failures))
	}
	return nil
}

// bring starts a worker and waits until it is ready.
func (p *Pool) bring(ctx context.Context, id int) (*Worker, error) {
	w, err := p.start(id)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, w.kill)
	err = w.boot(p.sources, p.program.Boot.For(id, controlFD+1, p.cfg.Threads).Frame(), p.cfg.BootTimeout)
	release()
	if err != nil {
		w.kill()
		<-w.exited
		w.close()
		return nil, fmt.Errorf("start worker %d: %w", id, err)
	}
	w.listening.Go(w.listen)
	w.become(Ready)
	w.log.Debug("worker ready", "python", w.ready.Version, "gil", w.ready.GIL)
	p.host.Offer(w)
	if p.wasReady.CompareAndSwap(false, true) {
		p.ready <- w.ready
	}
	return w, nil
}

// hopeless reports whether err, of a start before any worker was ready, would come back at every further start. If so
// it is the reason to give up.
func (p *Pool) hopeless(err error) error {
	if p.wasReady.Load() {
		return nil
	}
	var load *LoadError
	if errors.As(err, &load) {
		return load
	}
	return Probe(p.program.Python)
}

// steady is how long a worker must have lived for its end not to count as a failed start.
const steady = time.Second

// settling is how long a broken stream may be ahead of the news that the process at its other end has died.
const settling = 200 * time.Millisecond

// keep waits until the worker has ended or must be replaced. It reports false if it ended so soon that the next start
// should wait.
func (p *Pool) keep(ctx context.Context, w *Worker) bool {
	since := time.Now()
	select {
	case <-ctx.Done():
		p.finish(w, true)
	case reason := <-w.retire:
		if w.endsWithin(settling) {
			p.finish(w, false)
			break
		}
		w.log.Warn("worker is being replaced", "reason", reason)
		p.ending.Go(func() { p.finish(w, true) })
	case <-w.exited:
		p.finish(w, false)
	}
	return time.Since(since) >= steady
}

// finish takes a worker's slots back, lets its requests end, and ends the process. asked says that we want it to end.
func (p *Pool) finish(w *Worker, asked bool) {
	w.become(Draining)
	idle := p.host.Withdraw(w)
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	select {
	case <-w.exited:
	case <-idle:
		w.drain()
	case <-timer.C:
		p.cut(w)
	case <-p.hurry:
		select {
		case <-idle:
			w.drain()
		default:
			p.cut(w)
		}
	}
	<-w.exited
	w.logExit(asked)
	w.close()
}

func (p *Pool) cut(w *Worker) {
	w.log.Warn("worker killed with requests running", "after", p.grace)
	w.kill()
}

func (p *Pool) logFailure(id int, err error, wait time.Duration) {
	attrs := []any{"worker", id, "error", err, "again_in", wait}
	var load *LoadError
	if errors.As(err, &load) {
		attrs = append(attrs, "traceback", load.Traceback)
	}
	p.log.Error("worker not started", attrs...)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
