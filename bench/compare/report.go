package compare

import (
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// Report is the outcome of one comparison.
type Report struct {
	report.Circumstances
	Scenario peer.Scenario `json:"scenario"`
	Load     Load          `json:"load"`
	Rounds   int           `json:"rounds"`
	Warmup   time.Duration `json:"warmup_ns"`
	// Peers stand in the order in which they ran; the first is the one that is compared with the others.
	Peers []PeerReport `json:"peers"`
	// Notes hold for all peers.
	Notes []string `json:"notes"`
}

// PeerReport is what is known of one peer.
type PeerReport struct {
	report.Peer
	Runs    []Run                    `json:"runs"`
	Summary map[string]report.Spread `json:"summary"`
	// Ratios are the first peer's figures divided by this one's, round by round; the first peer has none.
	Ratios map[string]report.Spread `json:"first_peer_over_this,omitempty"`
}

// commonNotes are what a reader has to know to judge the figures of any run.
var commonNotes = []string{
	"The application does next to nothing, which favours the server that itself costs least: with a real framework every ratio is nearer to 1.",
	"wrk is a closed loop: at full load its latencies say mostly how many connections share the throughput. It takes its CPU from the same cores as the peers.",
	"CPU time is that of all processes of a peer. On the loopback interface the kernel's work of receiving is done, and counted, in part where the sender runs.",
	"PSS is taken right after each run. Idle peers stay started during the others' runs.",
	"“others” is the part of the machine that worked neither for the peer nor for wrk: where it is not near zero, repeat the run.",
}

func newReport(opts options, circumstances report.Circumstances, scenario peer.Scenario, peers []report.Peer, runs [][]Run) *Report {
	r := &Report{
		Circumstances: circumstances,
		Scenario:      scenario,
		Load:          opts.Load,
		Rounds:        opts.Rounds,
		Warmup:        opts.Warmup,
		Notes:         commonNotes,
	}
	for i, one := range peers {
		p := PeerReport{Peer: one, Runs: runs[i], Summary: summary(runs[i])}
		if i > 0 {
			p.Ratios = ratios(runs[0], runs[i])
		}
		r.Peers = append(r.Peers, p)
	}
	return r
}
