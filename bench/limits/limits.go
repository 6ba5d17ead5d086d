// Package limits measures what rate limits cost and how well they hold: throughput with and without them, beside nginx's
// limit_req; what four processes admit that share a rate through Redis; and what becomes of requests while Redis fails. It
// judges nothing.
package limits

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/proxy/limit/redistest"
)

// Report is all that was found. What was not asked for is empty.
type Report struct {
	report.Circumstances
	Costs    []Cost        `json:"costs,omitempty"`
	Sharings []Sharing     `json:"sharings,omitempty"`
	Faults   []Fault       `json:"faults,omitempty"`
	Peers    []report.Peer `json:"peers"`
	options  options
}

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) {
		b := &bench{opts: opts, kit: kit, found: Report{options: opts}}
		return &b.found, b.run(ctx)
	}, "wrk", "redis-server")
}

// bench is what all parts have in common.
type bench struct {
	opts  options
	kit   peer.Kit
	found Report
}

// run measures the parts that are asked for, each with a Redis of its own.
func (b *bench) run(ctx context.Context) (err error) {
	if b.found.Circumstances, err = report.Now(b.kit); err != nil {
		return err
	}
	for _, part := range parts {
		if !slices.Contains(b.opts.Parts, part.name) {
			continue
		}
		err := withFixture(ctx, func(f *fixture) error { return part.run(b, ctx, redistest.Start(f), f) })
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// parts are what may be measured, in this order.
var parts = []struct {
	name string
	run  func(*bench, context.Context, *redistest.Redis, *fixture) error
}{
	{"cost", (*bench).costs},
	{"sharing", (*bench).sharings},
	{"faults", (*bench).faults},
}

// start starts a peer in a directory of its own.
func (b *bench) start(ctx context.Context, f *fixture, name, as string, scenario peer.Scenario) (peer.Peer, error) {
	kit := b.kit
	kit.Temp = filepath.Join(kit.Temp, slug(as))
	one := peer.New(name, kit)
	f.Cleanup(one.Stop)
	if err := peer.Start(ctx, one, scenario); err != nil {
		return nil, err
	}
	settings := one.Settings()
	for i, command := range settings.Commands {
		settings.Commands[i] = strings.ReplaceAll(command, b.kit.Temp, "TEMP")
	}
	b.found.Peers = append(b.found.Peers, report.Peer{Name: as, Settings: settings})
	return one, nil
}

// slug is a name in one word: nginx takes no other in the names of its files, nor [[limit]] in its own.
func slug(name string) string { return strings.NewReplacer(" ", "-", ",", "", "+", "-").Replace(name) }

// percent is how far a is from b.
func percent(a, b float64) string { return fmt.Sprintf("%+.2f %%", 100*(a-b)/b) }
