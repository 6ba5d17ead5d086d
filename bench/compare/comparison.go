// Package compare loads the peers with wrk in turn, A B A B …, so that whatever else the machine does falls on all of
// them, and compares them round by round: throughput, latency, CPU time for each request, memory. It judges nothing:
// there are no thresholds.
package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"forebay/bench/machine"
	"forebay/bench/peer"
	"forebay/bench/report"
)

// Run is one run of one peer: what wrk says, and what the machine says of it.
type Run struct {
	Result
	// CPU is what all processes of the peer used, and PSS what they held when the load had just ended.
	CPU time.Duration `json:"cpu_ns"`
	PSS int64         `json:"pss_bytes"`
	// Others is the part of the machine, between 0 and 1, that worked neither for the peer nor for wrk.
	Others float64 `json:"others"`
}

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return compare(ctx, opts, kit) }, "wrk")
}

// compare starts the peers, loads them in turn, and returns when all of them have been stopped.
func compare(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	scenario := peer.Hello
	scenario.Path = opts.Path
	circumstances, err := report.Now(kit)
	if err != nil {
		return nil, err
	}
	peers := make([]peer.Peer, 0, len(opts.Peers))
	for _, name := range opts.Peers {
		one := peer.New(name, kit)
		defer one.Stop()
		if err := peer.Start(ctx, one, scenario); err != nil {
			return nil, err
		}
		peers = append(peers, one)
	}
	wrk := kit.Tools["wrk"]
	if err := warmUp(ctx, opts, wrk, peers, scenario); err != nil {
		return nil, err
	}
	runs, err := interleave(ctx, opts, wrk, peers, scenario)
	if err != nil {
		return nil, err
	}
	return newReport(opts, circumstances, scenario, report.Peers(peers), runs), nil
}

func warmUp(ctx context.Context, opts options, wrk string, peers []peer.Peer, scenario peer.Scenario) error {
	load := opts.Load
	load.Duration = opts.Warmup
	for _, one := range peers {
		peer.Progress("warming up " + one.Name())
		if _, err := load.Run(ctx, wrk, one.URL()+scenario.Path); err != nil {
			return err
		}
	}
	return nil
}

// interleave loads the peers A B A B …, so that a slow minute of the machine is shared by all. It returns the runs of
// each peer, in the order of the rounds.
func interleave(ctx context.Context, opts options, wrk string, peers []peer.Peer, scenario peer.Scenario) ([][]Run, error) {
	runs := make([][]Run, len(peers))
	for round := range opts.Rounds {
		for i, one := range peers {
			run, err := Measure(ctx, opts.Load, wrk, one, scenario)
			if err != nil {
				return nil, fmt.Errorf("round %d of %s: %w", round+1, one.Name(), err)
			}
			peer.Progress(fmt.Sprintf("round %d/%d %s: %.0f requests/s, %.1f µs/request",
				round+1, opts.Rounds, one.Name(), run.PerSecond, run.CPUPerRequest()))
			runs[i] = append(runs[i], run)
		}
	}
	return runs, nil
}

// Measure loads a path of a peer once.
func Measure(ctx context.Context, load Load, wrk string, one peer.Peer, scenario peer.Scenario) (Run, error) {
	idle, err := readMeters(one)
	if err != nil {
		return Run{}, err
	}
	result, err := load.Run(ctx, wrk, one.URL()+scenario.Path)
	if err != nil {
		return Run{}, errors.Join(err, one.Alive())
	}
	loaded, err := readMeters(one)
	if err != nil {
		return Run{}, err
	}
	pss, err := machine.ReadPSS(one.PIDs())
	if err != nil {
		return Run{}, err
	}
	cpu, err := machine.CPUBetween(idle.usage, loaded.usage)
	if err != nil {
		return Run{}, err
	}
	if result.Requests == 0 || cpu == 0 {
		return Run{}, fmt.Errorf("%d requests in %v of CPU time are nothing to compare", result.Requests, cpu)
	}
	others := machine.OthersShare(idle.total, loaded.total, cpu+result.CPU)
	return Run{Result: result, CPU: cpu, PSS: pss, Others: others}, nil
}

// meters are read before and after a run.
type meters struct {
	usage map[int]machine.Usage
	total machine.Time
}

func readMeters(one peer.Peer) (meters, error) {
	if err := one.Alive(); err != nil {
		return meters{}, err
	}
	total, err := machine.ReadTime()
	if err != nil {
		return meters{}, err
	}
	usage, err := machine.ReadUsage(one.PIDs())
	return meters{usage: usage, total: total}, err
}
