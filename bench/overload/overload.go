// Package overload asks a server for more than it can do, and shows what is left of what it can. First it measures the
// peak: as many requests at once as keep all threads busy. Then requests come at a steady rate, whatever the server does:
// half of the peak, a multiple of it, and half of it again. An answer is good if it is the right one and comes within the
// patience of its client. Goodput is good answers a second; a server that runs what nobody waits for any more has none.
//
// Two kinds of clients are tried one after the other: those that close their connection when their patience has ended, so
// that the server could know, and those behind something that keeps it, who stay and count a late answer as none.
package overload

import (
	"context"
	"fmt"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/bench/priority"
	"forebay/bench/report"
)

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return run(ctx, opts, kit) })
}

func run(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	circumstances, err := report.Now(kit)
	if err != nil {
		return nil, err
	}
	outcome := &Report{Circumstances: circumstances, options: opts}
	for _, name := range opts.Peers {
		if err := outcome.try(ctx, peer.New(name, kit)); err != nil {
			return nil, err
		}
	}
	return outcome, nil
}

// try starts a peer, loads it with both kinds of clients, and stops it.
func (r *Report) try(ctx context.Context, one peer.Peer) error {
	defer one.Stop()
	work := peer.Scenario{Name: "work", App: "work:application", Path: r.options.path(), Body: "done\n"}
	if err := peer.Start(ctx, one, work); err != nil {
		return err
	}
	restore, err := priority.Raise()
	if err != nil {
		peer.Progress("the load has no higher priority than the peer, and may be late: " + err.Error())
	} else {
		defer restore()
	}
	client := client{address: strings.TrimPrefix(one.URL(), "http://"), path: work.Path, body: work.Body, patience: r.options.Patience}
	peak, err := measurePeak(ctx, client, r.options)
	if err != nil {
		return fmt.Errorf("%s: %w", one.Name(), err)
	}
	peer.Progress(fmt.Sprintf("%s: peak of %.0f/s", one.Name(), peak))
	for _, stays := range []bool{false, true} {
		client.stays = stays
		trial, err := r.options.overload(ctx, client, peak)
		if err != nil {
			return fmt.Errorf("%s: %w", one.Name(), err)
		}
		trial.Peer, trial.Peak = one.Name(), peak
		peer.Progress(trial.String())
		r.Trials = append(r.Trials, trial)
		if err := one.Alive(); err != nil {
			return err
		}
	}
	r.peers = append(r.peers, report.Peers([]peer.Peer{one})...)
	return nil
}

// overload makes the load of one kind of clients.
func (o options) overload(ctx context.Context, c client, peak float64) (Trial, error) {
	steps := []step{
		{rate: peak * o.Rest, lasts: o.Before},
		{rate: peak * o.Factor, lasts: o.During},
		{rate: peak * o.Rest, lasts: o.After},
	}
	samples, err := openLoop(ctx, c, steps)
	if err != nil {
		return Trial{}, err
	}
	trial := judge(samples, o.Before, o.Before+o.During)
	trial.Stays = c.stays
	trial.Goodput = trial.Good / o.During.Seconds()
	return trial, nil
}

// settle is how long a peer is left alone before it is loaded in another way.
const settle = time.Second
