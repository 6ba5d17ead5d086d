package compare

import (
	"slices"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// Report is all that was found.
type Report struct {
	report.Circumstances
	Plan Plan `json:"plan"`
	// CallsBy says how system calls were counted, if they were.
	CallsBy string `json:"system_calls_by,omitempty"`
	// Names are the peers in the order in which they ran; the first is the one that is compared with the others.
	Names []string `json:"peers"`
	// Settings are what was started: for applications, of which all but the name is the same, and for files.
	Settings []report.Peer `json:"settings"`
	// Missing says why something is not in the report, by its name.
	Missing  map[string]string `json:"missing"`
	Outcomes []Outcome         `json:"scenarios"`
	// Notes hold for all peers.
	Notes []string `json:"notes"`
}

// Outcome is what was found in one scenario.
type Outcome struct {
	Name  string        `json:"name"`
	Says  string        `json:"says"`
	Date  time.Time     `json:"date"`
	Peers []PeerOutcome `json:"peers"`
}

// PeerOutcome is what was found of one peer in it. The application without a server is a peer, too.
type PeerOutcome struct {
	Name string `json:"name"`
	// Fault says why it has no figures, or not all of them.
	Fault   string                   `json:"fault,omitempty"`
	Runs    []Run                    `json:"runs"`
	Rated   []Rated                  `json:"at_steady_rates,omitempty"`
	Summary map[string]report.Spread `json:"summary"`
	// Ratios are the first peer's figures divided by this one's, round by round; the first peer has none.
	Ratios map[string]report.Spread `json:"first_peer_over_this,omitempty"`
	// Calls are system calls for each request; 0 is unknown.
	Calls float64 `json:"system_calls_per_request,omitempty"`
}

// Rated is what was found at a steady rate.
type Rated struct {
	Percent int                      `json:"percent"`
	Runs    []Run                    `json:"runs"`
	Rate    float64                  `json:"requests_per_second"`
	Summary map[string]report.Spread `json:"summary"`
	// Ratios are the first peer's figures divided by this one's, round by round; the first peer has none.
	Ratios map[string]report.Spread `json:"first_peer_over_this,omitempty"`
}

// commonNotes are what a reader has to know to judge the figures of any run.
var commonNotes = []string{
	"All peers run on one machine with the client, which takes its CPU time from the same cores: that favours those that need little themselves. " +
		"“others” is the part of the machine that worked neither for the peer nor for the client: where it is not near zero, repeat the run.",
	"Ratios are made round by round of runs that were neighbours, and then their median and spread are told.",
	"Hello and the other plain applications do next to nothing, which favours the server that itself costs least; with a real framework every ratio is nearer to 1.",
	"At full speed the client is a closed loop: each connection sends its next request when the one before is answered, and its latencies say mostly how " +
		"many connections share the throughput. At a steady rate it is an open loop, and a latency counts from the moment at which the request was due. " +
		"There it comes before the peers (nice −15), where it may, as a client on another machine would.",
	"Steady rates are parts of what each peer can do itself: a faster one is asked for more. On the machine that it shares with the client, 80 % of that " +
		"leaves little to spare.",
	"CPU time is that of all processes of a peer, and counts the warm-up with its requests. On the loopback interface the kernel's work of receiving is " +
		"done, and counted, in part where the sender runs.",
	"PSS is taken right after each run. Idle peers stay started during the others' runs.",
	"bare calls the application without a server, in as many processes as the peers have, with one thread each, or as many as the peers have where the " +
		"application waits. “above bare” is a peer's CPU time for each request beyond bare's: what the server itself costs.",
	"Peers share the client's session, so the kernel shares the processors among all threads alike. Where they have sessions of their own (“/session”), as those " +
		"have that a service manager, a container or another terminal has started, it shares them between the groups first: that disfavours servers that " +
		"hand each request from thread to thread.",
	"No peer writes an access log. Every answer is compared with what the application says without a server.",
}

// begin makes a report, or goes on with one.
func begin(opts options, kit peer.Kit) (*Report, error) {
	circumstances, err := report.Now(kit)
	if err != nil {
		return nil, err
	}
	r := &Report{Circumstances: circumstances, Plan: opts.Plan, Names: opts.Peers, Notes: commonNotes, Missing: map[string]string{}}
	for _, name := range opts.Peers {
		if why := kit.Missing[name]; why != "" {
			r.Missing[name] = why
		}
	}
	if opts.Resume {
		return resume(opts.Out, r)
	}
	return r, nil
}

func (r *Report) has(s scenario) bool {
	for _, o := range r.Outcomes {
		if o.Name == s.Name() {
			return true
		}
	}
	return false
}

func (r *Report) add(o Outcome) { r.Outcomes = append(r.Outcomes, o) }

// addSettings adds those of peers that have none yet.
func (r *Report) addSettings(all []report.Peer) {
	known := map[string]bool{}
	for _, one := range r.Settings {
		known[one.Name] = true
	}
	for _, one := range all {
		if !known[one.Name] {
			r.Settings = append(r.Settings, one)
		}
	}
}

// median is what a peer can do, in requests a second.
func (p *PeerOutcome) median() float64 { return summary(p.Runs)[perSecond].Median }

// addRated adds a run at a steady rate.
func (p *PeerOutcome) addRated(percent int, rate float64, run Run) {
	i := slices.IndexFunc(p.Rated, func(rated Rated) bool { return rated.Percent == percent })
	if i < 0 {
		i = len(p.Rated)
		p.Rated = append(p.Rated, Rated{Percent: percent, Rate: rate})
	}
	p.Rated[i].Runs = append(p.Rated[i].Runs, run)
}

// summarize makes the summaries of all peers, and the ratios of the first one to the others.
func (o *Outcome) summarize() {
	for i := range o.Peers {
		p := &o.Peers[i]
		p.Summary = summary(p.Runs)
		if i > 0 {
			p.Ratios = ratios(o.Peers[0].Runs, p.Runs)
		}
		for j := range p.Rated {
			rated := &p.Rated[j]
			rated.Summary = summary(rated.Runs)
			if i > 0 {
				rated.Ratios = ratios(o.Peers[0].rated(rated.Percent).Runs, rated.Runs)
			}
		}
	}
}

// rated is what was found at a steady rate, or nothing.
func (p PeerOutcome) rated(percent int) Rated {
	for _, rated := range p.Rated {
		if rated.Percent == percent {
			return rated
		}
	}
	return Rated{Percent: percent}
}

// peer is what was found of the one with that name, or nothing.
func (o *Outcome) peer(name string) PeerOutcome {
	for _, p := range o.Peers {
		if p.Name == name {
			return p
		}
	}
	return PeerOutcome{Name: name}
}

// above is how much CPU time a peer used for each request beyond the application itself, if both are known.
func (o *Outcome) above(p PeerOutcome) (microseconds float64, ok bool) {
	own, known := p.Summary[cpuTime]
	bare, called := o.peer(bareName).Summary[cpuTime]
	return own.Median - bare.Median, known && called && p.Name != bareName
}

// fastest is the fastest of the peers that the first one is compared with.
func (o *Outcome) fastest() (PeerOutcome, bool) {
	var best PeerOutcome
	for _, p := range o.Peers[min(1, len(o.Peers)):] {
		if p.Name != bareName && p.Summary[perSecond].Median > best.Summary[perSecond].Median {
			best = p
		}
	}
	return best, best.Name != ""
}

// failures counts what failed in all runs of a peer, and says how many percent of the machine worked for others at most.
func (p PeerOutcome) failures() (failed, others int) {
	for _, run := range p.Runs {
		failed += run.Failures()
		others = max(others, int(100*run.Others+0.5))
	}
	return failed, others
}
