// Package compare loads the peers in turn, A B A B …, so that whatever else the machine does falls on all of them, and
// compares them round by round: throughput, latency, CPU time for each request, memory, system calls. It asks many
// applications in many ways, at full speed and at steady rates, and calls them without any server, too, which is the limit.
// It judges nothing: there are no thresholds.
package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"forebay/bench/generator"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/syscalls"
)

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	var tools []string
	if opts.asksWrk() {
		tools = append(tools, "wrk")
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return compare(ctx, opts, kit) }, tools...)
}

// comparison is a comparison that goes on.
type comparison struct {
	opts    options
	kit     peer.Kit
	report  *Report
	counter *syscalls.Counter // nil counts nothing

	apps, files string
}

// compare measures all scenarios and writes what was found after each of them, if it is to be written.
func compare(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	c := &comparison{opts: opts, kit: kit}
	var err error
	if c.report, err = begin(opts, kit); err != nil {
		return nil, err
	}
	if opts.Calls > 0 {
		c.count()
	}
	if c.apps, c.files, err = prepare(ctx, opts, kit); err != nil {
		return nil, err
	}
	peer.Progress(fmt.Sprintf("%d scenarios, about %v", len(opts.Scenarios), opts.estimate()))
	left := slices.DeleteFunc(slices.Clone(opts.Scenarios), func(s scenario) bool { return c.report.has(s) || c.missing(s) })
	for len(left) > 0 {
		var now []scenario
		now, left = split(left, left[0].group())
		if err := c.runGroup(ctx, now); err != nil {
			return nil, err
		}
	}
	return c.report, nil
}

// count finds out how to count system calls.
func (c *comparison) count() {
	counter, err := syscalls.New()
	if err != nil {
		c.report.Missing["system calls"] = err.Error()
		return
	}
	c.counter, c.report.CallsBy = &counter, counter.How
}

// missing reports whether something is not there that the scenario needs, and notes it.
func (c *comparison) missing(s scenario) bool {
	why := ""
	for _, p := range s.packages {
		why += c.kit.Missing[p.Name]
	}
	if s.wrk {
		why += c.kit.Missing["wrk"]
	}
	if why != "" {
		c.report.Missing[s.Name()] = why
	}
	return why != ""
}

// split takes the scenarios of a group out of all.
func split(all []scenario, of group) (these, others []scenario) {
	for _, s := range all {
		if s.group() == of {
			these = append(these, s)
		} else {
			others = append(others, s)
		}
	}
	return these, others
}

// runGroup starts all peers, and measures all scenarios that can be asked of them.
func (c *comparison) runGroup(ctx context.Context, scenarios []scenario) error {
	for i := range scenarios {
		if err := c.expect(ctx, &scenarios[i]); err != nil {
			return err
		}
	}
	f := newField(ctx, c.opts, c.kit, c.apps, c.files, scenarios[0])
	defer f.stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.report.addSettings(f.settings())
	for _, s := range scenarios {
		peer.Progress("scenario " + s.Name())
		outcome, err := c.run(ctx, f, s)
		if err != nil {
			return err
		}
		c.report.add(outcome)
		if err := c.report.save(c.opts.Out); err != nil {
			return err
		}
	}
	return nil
}

// expect finds out what the right answers are.
func (c *comparison) expect(ctx context.Context, s *scenario) (err error) {
	if s.file > 0 {
		s.requests = []generator.Request{{Method: "GET", Path: "/static/" + s.name, Want: string(contents(s.file))}}
		return nil
	}
	s.requests, err = answers(ctx, c.kit, c.apps, *s)
	return err
}

// run measures one scenario.
func (c *comparison) run(ctx context.Context, f *field, s scenario) (Outcome, error) {
	f.ready(ctx, s)
	found := &finder{field: f, scenario: s, counter: c.counter, of: map[string]*PeerOutcome{}}
	at := time.Now().UTC().Truncate(time.Second)
	for _, step := range []func(context.Context) error{found.rounds, found.rates, found.calls} {
		if err := step(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if found.late != nil {
		c.report.Missing["a higher priority for the client at steady rates"] = found.late.Error()
	}
	return found.outcome(at), nil
}

// contents are bytes that are the same in each run.
func contents(size int) []byte {
	bytes := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes) // it cannot fail
	return bytes
}

// createPages makes the database of the pages.
func createPages(ctx context.Context, python, apps string) error {
	ctx, cancel := context.WithTimeout(ctx, bareGrace)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-B", filepath.Join(apps, "pages.py"), "create")
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("make a database: %w", err), errors.New(string(out)))
	}
	return nil
}
