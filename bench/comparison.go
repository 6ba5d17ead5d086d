package main

import (
	"context"
	"errors"
	"fmt"
	"time"
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

// compare starts the peers, loads them in turn, and returns when all of them have been stopped.
func compare(ctx context.Context, opts options, kit Kit) (*Report, error) {
	scenario := hello
	scenario.Path = opts.Path
	machine, err := readMachine()
	if err != nil {
		return nil, err
	}
	peers := make([]Peer, 0, len(opts.Peers))
	for _, name := range opts.Peers {
		peer := newPeer(name, kit)
		defer peer.Stop()
		if err := startPeer(ctx, peer, scenario); err != nil {
			return nil, err
		}
		peers = append(peers, peer)
	}
	if err := warmUp(ctx, opts, kit, peers, scenario); err != nil {
		return nil, err
	}
	runs, err := interleave(ctx, opts, kit, peers, scenario)
	if err != nil {
		return nil, err
	}
	return newReport(opts, kit, machine, scenario, peers, runs), nil
}

func startPeer(ctx context.Context, peer Peer, scenario Scenario) error {
	if err := peer.Start(ctx, scenario); err != nil {
		return err
	}
	return awaitAnswer(ctx, peer, scenario)
}

func warmUp(ctx context.Context, opts options, kit Kit, peers []Peer, scenario Scenario) error {
	load := opts.Load
	load.Duration = opts.Warmup
	for _, peer := range peers {
		progress("warming up " + peer.Name())
		if _, err := load.Run(ctx, kit.Wrk, peer.URL()+scenario.Path); err != nil {
			return err
		}
	}
	return nil
}

// interleave loads the peers A B A B …, so that a slow minute of the machine is shared by all. It returns the runs of
// each peer, in the order of the rounds.
func interleave(ctx context.Context, opts options, kit Kit, peers []Peer, scenario Scenario) ([][]Run, error) {
	runs := make([][]Run, len(peers))
	for round := range opts.Rounds {
		for i, peer := range peers {
			run, err := measure(ctx, opts.Load, kit.Wrk, peer, scenario)
			if err != nil {
				return nil, fmt.Errorf("round %d of %s: %w", round+1, peer.Name(), err)
			}
			progress(fmt.Sprintf("round %d/%d %s: %.0f requests/s, %.1f µs/request",
				round+1, opts.Rounds, peer.Name(), run.PerSecond, cpuPerRequest(run)))
			runs[i] = append(runs[i], run)
		}
	}
	return runs, nil
}

// measure loads a peer once.
func measure(ctx context.Context, load Load, wrk string, peer Peer, scenario Scenario) (Run, error) {
	idle, err := readMeters(peer)
	if err != nil {
		return Run{}, err
	}
	result, err := load.Run(ctx, wrk, peer.URL()+scenario.Path)
	if err != nil {
		return Run{}, errors.Join(err, peer.Alive())
	}
	loaded, err := readMeters(peer)
	if err != nil {
		return Run{}, err
	}
	pss, err := readPSS(peer.PIDs())
	if err != nil {
		return Run{}, err
	}
	cpu, err := cpuBetween(idle.usage, loaded.usage)
	if err != nil {
		return Run{}, err
	}
	if result.Requests == 0 || cpu == 0 {
		return Run{}, fmt.Errorf("%d requests in %v of CPU time are nothing to compare", result.Requests, cpu)
	}
	others := othersShare(idle.machine, loaded.machine, cpu+result.CPU)
	return Run{Result: result, CPU: cpu, PSS: pss, Others: others}, nil
}

// meters are read before and after a run.
type meters struct {
	usage   map[int]usage
	machine machineTime
}

func readMeters(peer Peer) (meters, error) {
	if err := peer.Alive(); err != nil {
		return meters{}, err
	}
	machine, err := readMachineTime()
	if err != nil {
		return meters{}, err
	}
	usage, err := readUsage(peer.PIDs())
	return meters{usage: usage, machine: machine}, err
}
