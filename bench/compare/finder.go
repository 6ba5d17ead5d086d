package compare

import (
	"context"
	"fmt"
	"time"

	"forebay/bench/generator"
	"forebay/bench/peer"
	"forebay/bench/priority"
	"forebay/bench/syscalls"
)

// finder collects what is found of the peers in one scenario.
type finder struct {
	*field
	scenario
	counter *syscalls.Counter // nil counts nothing
	of      map[string]*PeerOutcome
	// late says why the client does not come before the peers.
	late error
}

func (f *finder) peer(name string) *PeerOutcome {
	if f.of[name] == nil {
		f.of[name] = &PeerOutcome{Name: name}
	}
	return f.of[name]
}

// rounds loads the peers A B A B …, as fast as they can.
func (f *finder) rounds(ctx context.Context) error {
	for round := range f.opts.Rounds {
		for _, c := range f.present() {
			err := c.try(ctx, fmt.Sprintf("round %d", round+1), func() error {
				run, err := f.generate(ctx, c)
				f.note(c.Name(), run, err)
				return err
			})
			if err != nil {
				return err
			}
		}
		if f.opts.Bare && f.file == 0 {
			run, err := f.opts.runBare(ctx, f.kit, f.apps, f.scenario)
			if err != nil {
				return err
			}
			f.note(bareName, run, nil)
		}
	}
	return nil
}

func (f *finder) generate(ctx context.Context, c *contender) (Run, error) {
	if f.wrk {
		return f.opts.generateByWrk(ctx, f.kit.Tools["wrk"], f.scenario, c.Peer)
	}
	return generate(ctx, f.opts.load(f.scenario, c.Peer), c.Peer)
}

func (f *finder) note(name string, run Run, err error) {
	if err != nil {
		return
	}
	one := f.peer(name)
	one.Runs = append(one.Runs, run)
	peer.Progress(fmt.Sprintf("%s, round %d: %s: %.0f requests/s, %.1f µs/request, %d failed",
		f.Name(), len(one.Runs), name, run.PerSecond, run.cpuPerRequest(), run.Failures()))
}

// rates asks each peer at steady rates, in parts of what it could do before.
func (f *finder) rates(ctx context.Context) error {
	if !f.isRated() {
		return nil
	}
	for _, percent := range f.opts.Rates {
		for range f.opts.RateRounds {
			for _, c := range f.present() {
				err := c.try(ctx, fmt.Sprintf("at %d %%", percent), func() error { return f.rate(ctx, c, percent) })
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rate asks one peer at a steady rate. The client comes before the peer, as a client on another machine would.
func (f *finder) rate(ctx context.Context, c *contender, percent int) error {
	load := f.opts.load(f.scenario, c.Peer)
	load.Rate = f.peer(c.Name()).median() * float64(percent) / 100
	load.Duration, load.Patience = f.opts.RateDuration, patience
	restore, err := priority.Raise()
	if err == nil {
		defer restore()
	}
	f.late = err
	run, err := generate(ctx, load, c.Peer)
	if err != nil {
		return err
	}
	f.peer(c.Name()).addRated(percent, load.Rate, run)
	peer.Progress(fmt.Sprintf("%s at %d %%: %s: p50 %v, p99 %v, p99.9 %v, %d failed", f.Name(), percent, c.Name(), run.P50, run.P99, run.P999, run.Failures()))
	return nil
}

// calls counts the system calls of each peer, in a run of its own that measures nothing else.
func (f *finder) calls(ctx context.Context) error {
	if f.counter == nil || f.wrk {
		return nil
	}
	for _, c := range f.present() {
		load := f.opts.load(f.scenario, c.Peer)
		load.Warmup, load.Duration = 0, f.opts.Calls
		err := c.try(ctx, "counting system calls", func() error {
			var result generator.Result
			calls, err := f.counter.Around(ctx, c.PIDs(), func() (err error) {
				result, err = load.Run(ctx)
				return err
			})
			if err == nil && result.All > 0 {
				f.peer(c.Name()).Calls = float64(calls) / float64(result.All)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// outcome is all that was found, in the order of the peers.
func (f *finder) outcome(at time.Time) Outcome {
	outcome := Outcome{Name: f.Name(), Says: f.Says(), Date: at}
	for _, c := range f.contenders {
		one := f.peer(c.Name())
		if c.fault != nil {
			one.Fault = brief(f.kit.Hide(c.fault.Error()))
		}
		outcome.Peers = append(outcome.Peers, *one)
	}
	if bare := f.of[bareName]; bare != nil {
		outcome.Peers = append(outcome.Peers, *bare)
	}
	outcome.summarize()
	return outcome
}
