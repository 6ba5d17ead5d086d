// Package hostile measures what slow, idle and hostile clients do to the others. Fast clients ask each peer for a trivial
// page at a steady rate, first alone and then beside thousands of clients of one kind; and a few half-open clients stand
// against a peer that has two threads. What the fast ones get, and what the server pays for each of the others, is
// reported for all peers side by side. It judges nothing.
package hostile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"forebay/bench/crowd"
	"forebay/bench/machine"
	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
)

// Main does what the command line says and returns when all peers and all clients have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	all := opts.Options
	all.Choice = opts.choice()
	return all.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) {
		b := &bench{opts: opts, kit: kit, crowd: []string{self, "crowd"}}
		return b.run(ctx)
	})
}

// bench is what all measurements have in common.
type bench struct {
	opts  options
	kit   peer.Kit
	crowd []string // the command that is a crowd, without its flags
}

func (b *bench) run(ctx context.Context) (*Report, error) {
	circumstances, err := report.Now(b.kit)
	if err != nil {
		return nil, err
	}
	found := newReport(b.opts, circumstances)
	for round := range b.opts.Rounds {
		for _, name := range b.opts.Kinds {
			for _, one := range b.opts.Peers {
				peer.Progress(fmt.Sprintf("round %d/%d: %d clients %s against %s", round+1, b.opts.Rounds, b.opts.Clients, name, one))
				if err := b.trial(ctx, found, name, one); err != nil {
					return nil, fmt.Errorf("%s against %s: %w", name, one, err)
				}
			}
		}
	}
	return found, b.halfOpen(ctx, found)
}

// trial measures one peer with one kind of clients, again and again while others keep the machine too busy; then the
// last attempt counts.
func (b *bench) trial(ctx context.Context, found *Report, name, of string) error {
	for try := 1; ; try++ {
		t, one, err := b.attempt(ctx, name, of)
		if err != nil {
			return err
		}
		peer.Progress(t.String())
		if t.others() <= b.opts.Others || try >= b.opts.Tries {
			found.add(t, one)
			return nil
		}
	}
}

// attempt measures once. The processes are new, so that what an earlier kind has left in their memory is not there to be
// used again; they have been stopped when it returns.
func (b *bench) attempt(ctx context.Context, name, of string) (Trial, peer.Peer, error) {
	t := Trial{Peer: of, Kind: name}
	kind, err := crowd.Find(name)
	if err != nil {
		return t, nil, err
	}
	one := peer.New(of, b.kit)
	defer one.Stop()
	if err := peer.Start(ctx, one, patient()); err != nil {
		return t, one, err
	}
	err = b.measure(ctx, one, kind, &t)
	return t, one, errors.Join(err, one.Alive())
}

// warmUp is how long the fast clients run before they are measured.
const warmUp = time.Second

func (b *bench) measure(ctx context.Context, one peer.Peer, kind crowd.Kind, t *Trial) error {
	fast := b.fast(one)
	brief := fast
	brief.Duration = min(warmUp, fast.Duration)
	if _, err := brief.Run(ctx); err != nil {
		return err
	}
	var err error
	if t.Alone, err = measurePhase(ctx, fast, company{server: one.PIDs()}); err != nil {
		return err
	}
	before, err := machine.ReadPSS(one.PIDs())
	if err != nil {
		return err
	}
	clients, err := crowd.Start(b.crowd, kind, address(one), b.opts.Clients)
	if err != nil {
		return err
	}
	defer clients.Stop()
	if err := b.settle(ctx, clients, t); err != nil {
		return err
	}
	if err := b.beside(ctx, fast, one, clients, t); err != nil {
		return err
	}
	return t.count(one, clients, before)
}

// beside measures the fast clients beside the others, and at the same time as many that ask a second, equal peer.
func (b *bench) beside(ctx context.Context, fast pace.Load, one peer.Peer, clients *crowd.Process, t *Trial) error {
	second := peer.New(one.Name(), b.kit.Beside())
	defer second.Stop()
	if err := peer.Start(ctx, second, patient()); err != nil {
		return err
	}
	control := b.fast(second)
	brief := control
	brief.Duration = min(warmUp, control.Duration)
	if _, err := brief.Run(ctx); err != nil {
		return err
	}
	got := make(chan pace.Result, 1)
	go func() { // ends with the load, as the one beside it does
		result, _ := control.Run(ctx) // its only error is ctx's, which the other load returns as well
		got <- result
	}()
	var err error
	t.With, err = measurePhase(ctx, fast, company{one.PIDs(), []int{clients.PID()}, second.PIDs()})
	t.Control = (<-got).Summary()
	return err
}

// patient is the scenario of the first table: the others shall stay.
func patient() peer.Scenario {
	long := peer.Slow
	long.Patient = true
	return long
}

// fast is the load of the fast clients.
func (b *bench) fast(one peer.Peer) pace.Load {
	fast := b.opts.Fast
	fast.Address, fast.Path, fast.Body = address(one), peer.Slow.Path, peer.Slow.Body
	return fast
}

func address(one peer.Peer) string { return strings.TrimPrefix(one.URL(), "http://") }

// settle waits for the crowd, but not for ever: some servers never let all of it in.
func (b *bench) settle(ctx context.Context, clients *crowd.Process, t *Trial) error {
	waiting, cancel := context.WithTimeout(ctx, b.opts.Settle)
	defer cancel()
	begin := time.Now()
	if err := clients.Await(waiting); err != nil {
		return err
	}
	t.SettledAfter = time.Since(begin)
	t.CutBefore = clients.Status().Cuts()
	return ctx.Err()
}
