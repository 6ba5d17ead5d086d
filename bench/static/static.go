// Package static compares forebay with nginx where both serve files: sizes from 1 KiB to 100 MiB on connections that stay
// open, small ones also on connections that are closed after each request, and ten thousand small ones at random. nginx
// runs twice, with and without open_file_cache. It judges nothing.
package static

import (
	"context"
	"fmt"
	"path/filepath"

	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/wrk"
)

// Report is all that was found.
type Report struct {
	report.Circumstances
	// Peers stand in the order in which they ran; the first is forebay.
	Peers []report.Peer `json:"peers"`
	Rows  []Row         `json:"rows"`

	options options
}

// Row is one kind of load.
type Row struct {
	Name string   `json:"name"`
	Load wrk.Load `json:"load"`
	// Runs are those of each peer, in the order of the rounds.
	Runs [][]wrk.Run `json:"runs"`
}

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return measure(ctx, opts, kit) }, "wrk", "nginx")
}

// measure starts the peers, loads them in turn, and returns when all of them have been stopped.
func measure(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	found := &Report{options: opts}
	var err error
	if found.Circumstances, err = report.Now(kit); err != nil {
		return nil, err
	}
	dir := filepath.Join(kit.Temp, "files")
	script, err := writeFiles(dir, opts.chosen())
	if err != nil {
		return nil, err
	}
	peers := []peer.Peer{peer.New("forebay", kit), peer.NewNginxFiles(kit, dir, false), peer.NewNginxFiles(kit, dir, true)}
	for _, one := range peers {
		defer one.Stop()
		if err := peer.Start(ctx, one, scenarioOf(dir)); err != nil {
			return nil, err
		}
	}
	found.Peers = report.Peers(peers)
	for _, k := range opts.chosen() {
		row, err := opts.run(ctx, kit.Tools["wrk"], peers, k, script)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		found.Rows = append(found.Rows, row)
	}
	return found, nil
}

// scenarioOf is what is asked for when the peers are started.
func scenarioOf(dir string) peer.Scenario {
	return peer.Scenario{
		Name: "static", App: peer.Hello.App, Path: "/static/" + firstFile, Body: string(contents(firstSize)),
		Config: fmt.Sprintf("[[static]]\nprefix = \"/static/\"\ndir = %q\n", dir),
	}
}

// run loads the peers A B C A B C … with one kind of load, after a warm-up of a second.
func (o options) run(ctx context.Context, program string, peers []peer.Peer, k kind, script string) (Row, error) {
	load := k.load(o, script)
	row := Row{Name: k.name, Load: load, Runs: make([][]wrk.Run, len(peers))}
	row.Load.More = nil // it has the path of the script in it
	for round := range o.Rounds + 1 {
		for i, one := range peers {
			if round == 0 {
				if _, err := load.Run(ctx, program, one.URL()+k.path()); err != nil {
					return row, err
				}
				continue
			}
			run, err := load.Measure(ctx, program, one, k.path())
			if err == nil && run.NonOK > 0 {
				err = fmt.Errorf("%s refused %d of %d requests", one.Name(), run.NonOK, run.Requests)
			}
			if err != nil {
				return row, err
			}
			peer.Progress(fmt.Sprintf("%s, round %d/%d: %s: %.0f requests/s, %.1f µs/request",
				k.name, round, o.Rounds, one.Name(), run.PerSecond, run.CPUPerRequest()))
			row.Runs[i] = append(row.Runs[i], run)
		}
	}
	return row, nil
}
