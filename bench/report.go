package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Report is the outcome of one comparison.
type Report struct {
	Date     time.Time         `json:"date"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Scenario Scenario          `json:"scenario"`
	Load     Load              `json:"load"`
	Rounds   int               `json:"rounds"`
	Warmup   time.Duration     `json:"warmup_ns"`
	Workers  int               `json:"workers"`
	Threads  int               `json:"threads"`
	// Peers stand in the order in which they ran; the first is the one that is compared with the others.
	Peers []PeerReport `json:"peers"`
	// Notes hold for all peers.
	Notes []string `json:"notes"`
}

// PeerReport is what is known of one peer.
type PeerReport struct {
	Name     string            `json:"name"`
	Settings Settings          `json:"settings"`
	Runs     []Run             `json:"runs"`
	Summary  map[string]Spread `json:"summary"`
	// Ratios are the first peer's figures divided by this one's, round by round; the first peer has none.
	Ratios map[string]Spread `json:"first_peer_over_this,omitempty"`
}

// commonNotes are what a reader has to know to judge the figures of any run.
var commonNotes = []string{
	"The application does next to nothing, which favours the server that itself costs least: with a real framework every ratio is nearer to 1.",
	"wrk is a closed loop: at full load its latencies say mostly how many connections share the throughput. It takes its CPU from the same cores as the peers.",
	"CPU time is that of all processes of a peer. On the loopback interface the kernel's work of receiving is done, and counted, in part where the sender runs.",
	"PSS is taken right after each run. Idle peers stay started during the others' runs.",
	"“others” is the part of the machine that worked neither for the peer nor for wrk: where it is not near zero, repeat the run.",
}

func newReport(opts options, kit Kit, machine Machine, scenario Scenario, peers []Peer, runs [][]Run) *Report {
	r := &Report{
		Date:     time.Now().UTC().Truncate(time.Second),
		Machine:  machine,
		Versions: kit.Versions,
		Scenario: scenario,
		Load:     opts.Load,
		Rounds:   opts.Rounds,
		Warmup:   opts.Warmup,
		Workers:  opts.Workers,
		Threads:  opts.Threads,
		Notes:    commonNotes,
	}
	for i, peer := range peers {
		p := PeerReport{Name: peer.Name(), Settings: peer.Settings(), Runs: runs[i], Summary: summary(runs[i])}
		if i > 0 {
			p.Ratios = ratios(runs[0], runs[i])
		}
		r.Peers = append(r.Peers, p)
	}
	return r
}

func (r *Report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
