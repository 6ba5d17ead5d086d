package hostile

import (
	"time"

	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
)

// Report is the outcome of all measurements.
type Report struct {
	report.Circumstances
	Clients int           `json:"clients"`
	Fast    pace.Load     `json:"fast"`
	Settle  time.Duration `json:"settle_ns"`
	Rounds  int           `json:"rounds"`
	// WaitDuration is for how long others came in the second table.
	WaitDuration time.Duration `json:"wait_duration_ns"`
	// Trials are in the order in which they were made, Waits in that of the second table.
	Trials []Trial `json:"trials"`
	Waits  []Wait  `json:"waits"`
	// Peers are those of the first table, Small those of the second.
	Peers []report.Peer `json:"peers"`
	Small []report.Peer `json:"small_peers"`
	Notes []string      `json:"notes"`
}

var commonNotes = []string{
	"The fast clients are an open loop: a latency counts from the moment at which its request was due.",
	"“control” is what as many other fast clients get at the same time from a second, equal peer without slow clients: where the machine has other work, “with/control” says more than “ratio”.",
	"All of it shares this machine's CPUs. “server” and “clients” are the parts of one CPU that the peer and the slow clients " +
		"took, “others” what everything else did, the fast clients included: where that is not near zero, repeat the run.",
	"The slow clients are one process with one goroutine; a client that is cut off comes back after a second, at most 2000 of them a second. Their segments are those of an Ethernet, so that the kernel buffers no more of a response than it does on one.",
	"“KiB/connection” is the growth of the PSS of all processes of the peer, divided by the connections that it has accepted. What the kernel holds for a socket, and files, are not in it.",
	"The deadlines for slow clients are 10 minutes for every peer in the first table, so that the clients stay, and each peer's own in the second.",
}

func newReport(opts options, circumstances report.Circumstances) *Report {
	return &Report{
		Circumstances: circumstances, Clients: opts.Clients, Fast: opts.Fast, Settle: opts.Settle, Rounds: opts.Rounds,
		WaitDuration: opts.WaitDuration,
		Notes:        commonNotes,
	}
}

// add keeps a trial, and what was started for it if that is not known yet.
func (r *Report) add(t Trial, one peer.Peer) {
	r.Trials = append(r.Trials, t)
	r.Peers = keep(r.Peers, one)
}

func (r *Report) keepSmall(one peer.Peer) { r.Small = keep(r.Small, one) }

func keep(peers []report.Peer, one peer.Peer) []report.Peer {
	for _, known := range peers {
		if known.Name == one.Name() {
			return peers
		}
	}
	return append(peers, report.Peers([]peer.Peer{one})...)
}

// trials are those of one peer with one kind, one for each round.
func (r *Report) trials(of, kind string) []Trial {
	var found []Trial
	for _, t := range r.Trials {
		if t.Peer == of && t.Kind == kind {
			found = append(found, t)
		}
	}
	return found
}
