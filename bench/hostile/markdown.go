package hostile

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"forebay/bench/crowd"
	"forebay/bench/report"
)

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) {
	page := &report.Page{}
	page.Heading("Hostile clients: %d of each kind, %d workers × %d threads", r.Clients, r.Workers, r.Threads)
	page.Circumstances(r.Circumstances)
	r.writeTrials(page)
	r.writeWaits(page)
	page.Notes(r.Peers, r.Notes)
	page.Settings(append(slices.Clone(r.Peers), small(r.Small)...))
	_, _ = page.WriteTo(w)
}

// column is one column of the first table.
type column struct {
	name   string
	digits int
	of     func(Trial) float64
}

var columns = []column{
	{"p99 alone ms", 2, func(t Trial) float64 { return milliseconds(t.Alone.P99) }},
	{"p99 with ms", 2, func(t Trial) float64 { return milliseconds(t.With.P99) }},
	{"ratio", 2, Trial.ratio},
	{"p99 control ms", 2, func(t Trial) float64 { return milliseconds(t.Control.P99) }},
	{"with/control", 2, Trial.paired},
	{"p50 alone ms", 2, func(t Trial) float64 { return milliseconds(t.Alone.P50) }},
	{"p50 with ms", 2, func(t Trial) float64 { return milliseconds(t.With.P50) }},
	{"p50 control ms", 2, func(t Trial) float64 { return milliseconds(t.Control.P50) }},
	{"max with ms", 1, func(t Trial) float64 { return milliseconds(t.With.Max) }},
	{"failures alone", 0, func(t Trial) float64 { return float64(t.Alone.Failures()) }},
	{"failures with", 0, func(t Trial) float64 { return float64(t.With.Failures()) }},
	{"KiB/connection", 2, Trial.perClient},
	{"accepted", 0, func(t Trial) float64 { return float64(t.Open.Accepted) }},
	{"in the backlog", 0, func(t Trial) float64 { return float64(t.Open.Waiting) }},
	{"settled", 0, func(t Trial) float64 { return float64(t.Clients.Settled) }},
	{"settled after s", 0, func(t Trial) float64 { return t.SettledAfter.Seconds() }},
	{"server", 2, func(t Trial) float64 { return t.With.Server }},
	{"clients", 2, func(t Trial) float64 { return t.With.Crowd }},
	{"others", 2, Trial.others},
}

// writeTrials writes a table for each kind, with a line for each peer.
func (r *Report) writeTrials(page *report.Page) {
	page.Text("Fast clients: %d requests/s on %d connections for %v, alone and then with %d others; %d rounds, median (min–max).",
		r.Fast.Rate, r.Fast.Connections, r.Fast.Duration, r.Clients, r.Rounds)
	for _, kind := range crowd.Kinds {
		if !slices.ContainsFunc(r.Trials, func(t Trial) bool { return t.Kind == kind.Name }) {
			continue
		}
		page.Text("**%s**: %s", kind.Name, kind.About)
		names := []string{""}
		for _, c := range columns {
			names = append(names, c.name)
		}
		page.Table(append(names, "cut off and back")...)
		for _, one := range r.Peers {
			if trials := r.trials(one.Name, kind.Name); len(trials) > 0 {
				page.Row(append(cells(one.Name, trials), ends(trials))...)
			}
		}
		page.End()
	}
}

func cells(name string, trials []Trial) []string {
	line := []string{name}
	for _, c := range columns {
		values := make([]float64, 0, len(trials))
		for _, t := range trials {
			values = append(values, c.of(t))
		}
		line = append(line, report.SpreadOf(values).Format(c.digits, ""))
	}
	return line
}

// ends says how often clients were cut off in all rounds, and why.
func ends(trials []Trial) string {
	all := map[string]int{}
	for _, t := range trials {
		for why, n := range t.Clients.Cut {
			all[why] += n
		}
	}
	return report.Counts(all)
}

// writeWaits writes the second table.
func (r *Report) writeWaits(page *report.Page) {
	if len(r.Waits) == 0 {
		return
	}
	page.Text("%d clients of each kind against one worker with %d threads and each peer's own deadlines; how long others wait "+
		"who come meanwhile, %d a second for %v, and give up after %v:",
		halfOpenClients, halfOpenThreads, halfOpenRate, r.WaitDuration, r.Fast.Patience)
	page.Table("", "beside", "answered", "median wait ms", "longest wait ms", "not answered")
	for _, wait := range r.Waits {
		page.Row(wait.Peer, wait.beside(), fmt.Sprintf("%d of %d", wait.Got.Answered, wait.Sent),
			waited(wait.Got.P50, wait), waited(wait.Got.Max, wait), report.Counts(wait.Got.Failed))
	}
	page.End()
}

func waited(d time.Duration, wait Wait) string {
	if wait.Got.Answered == 0 {
		return "—"
	}
	return strconv.FormatFloat(milliseconds(d), 'f', 1, 64)
}

// small names the peers of the second table apart from those of the first.
func small(peers []report.Peer) []report.Peer {
	named := slices.Clone(peers)
	for i := range named {
		named[i].Name += ", one worker"
	}
	return named
}
