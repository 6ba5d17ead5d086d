package chaos

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"forebay/bench/report"
)

// Report is the outcome of all peers.
type Report struct {
	report.Circumstances
	Seed        uint64        `json:"seed"`
	Duration    time.Duration `json:"duration_ns"`
	Rate        int           `json:"requests_per_second_of_each_client"`
	Plan        Plan          `json:"plan"`
	MaxRequests int           `json:"max_requests"`
	Verdicts    []Verdict     `json:"verdicts"`
	Peers       []report.Peer `json:"peers"`
	Notes       []string      `json:"notes"`
}

var commonNotes = []string{
	"An order is lost when it was answered with 200 and the application has not written down its end, and doubled when the application began it twice. " +
		"“failed, running” had been begun: its worker was killed under it. “failed, untouched” had not been begun by the application, and could have been run by another worker.",
	"A worker that is killed after it got an order and before it could write that down leaves one untouched that had begun.",
	"GETs are sent again, once, when their connection had been kept and was closed before the answer; POSTs are not.",
	"A supervisor that has ended is started again at once, as a service manager would do it.",
	"While the application has its syntax error, for " + faultLasts.String() + ", no worker is killed.",
}

func newReport(opts options, circumstances report.Circumstances) *Report {
	return &Report{
		Circumstances: circumstances, Seed: opts.Seed, Duration: opts.Duration, Rate: opts.Rate, Plan: opts.Plan,
		MaxRequests: opts.MaxRequests, Notes: commonNotes,
	}
}

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) {
	page := &report.Page{}
	page.Heading("Chaos: %v, seed %d, %d workers × %d threads", r.Duration, r.Seed, r.Workers, r.Threads)
	page.Circumstances(r.Circumstances)
	page.Text("%d clients with %d requests/s each, every %dth a POST, while %s.", len(clientNames), r.Rate, postEvery, r.Plan.sentence(r.MaxRequests))
	names := make([]string, 0, len(rows)+1)
	for _, verdict := range r.Verdicts {
		names = append(names, verdict.Peer)
	}
	page.Table(append([]string{""}, names...)...)
	for _, line := range rows {
		cells := []string{line.name}
		for _, verdict := range r.Verdicts {
			cells = append(cells, line.of(verdict))
		}
		page.Row(cells...)
	}
	page.End()
	page.Notes(r.Peers, r.Notes)
	page.Settings(r.Peers)
	_, _ = page.WriteTo(w)
}

// rows are the lines of the table.
var rows = []struct {
	name string
	of   func(Verdict) string
}{
	{"GETs answered rightly", func(v Verdict) string { return strconv.Itoa(v.Gets.Answered) }},
	{"**GETs failed**", func(v Verdict) string { return report.Counts(v.Gets.Failed) }},
	{"GETs sent again", func(v Verdict) string { return strconv.Itoa(v.Gets.Again) }},
	{"GET p50, p99, max ms", func(v Verdict) string {
		return fmt.Sprintf("%s, %s, %s", milliseconds(v.Gets.P50), milliseconds(v.Gets.P99), milliseconds(v.Gets.Max))
	}},
	{"orders answered rightly", func(v Verdict) string { return fmt.Sprintf("%d of %d", v.Answered, v.Orders) }},
	{"slowest order ms", func(v Verdict) string { return milliseconds(v.Slowest) }},
	{"**orders lost**", func(v Verdict) string { return strconv.Itoa(len(v.Lost)) }},
	{"**orders doubled**", func(v Verdict) string { return strconv.Itoa(len(v.Doubled)) }},
	{"orders failed, running", func(v Verdict) string { return report.Counts(v.Executing) }},
	{"**orders failed, untouched**", func(v Verdict) string { return report.Counts(v.Untouched) }},
	{"502s named in the log", func(v Verdict) string { return fmt.Sprintf("%d of %d", v.Logged, v.BadGateways) }},
	{"what was done", func(v Verdict) string { return doings(v.Done) }},
}

func milliseconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds()*1e3, 'f', 1, 64) }

func doings(done map[Torment]int) string {
	named := make(map[string]int, len(done))
	for what, n := range done {
		named[string(what)] = n
	}
	return report.Counts(named)
}

// sentence says what is planned.
func (p Plan) sentence(maxRequests int) string {
	var parts []string
	if p.Kill > 0 {
		parts = append(parts, fmt.Sprintf("a worker is killed with -9 every %v", p.Kill))
	}
	if maxRequests > 0 {
		parts = append(parts, fmt.Sprintf("workers are recycled after %d requests", maxRequests))
	}
	if p.Reload > 0 {
		parts = append(parts, fmt.Sprintf("the server is reloaded every %v", p.Reload))
	}
	if p.Reload > 0 && p.Fault {
		parts = append(parts, "one of these reloads finds a syntax error")
	}
	if p.Upgrades > 0 {
		parts = append(parts, fmt.Sprintf("forebay's binary is upgraded %d times", p.Upgrades))
	}
	if len(parts) == 0 {
		return "nothing happens"
	}
	return strings.Join(parts, ", ")
}
