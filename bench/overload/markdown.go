package overload

import (
	"fmt"
	"io"
	"strings"
	"time"

	"forebay/bench/report"
)

// Report is every figure of a run.
type Report struct {
	report.Circumstances
	Trials []Trial `json:"trials"`

	options options
	peers   []report.Peer
}

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) {
	o := r.options
	page := &report.Page{}
	page.Heading("Overload: %s, %d workers × %d threads", o.path(), r.Workers, r.Threads)
	page.Circumstances(r.Circumstances)
	page.Text("%v at %v times the peak, %v before and %v after at %v times; a client's patience is %v.", o.During, o.Factor, o.Before, o.After,
		o.Rest, o.Patience)
	page.Table("", "clients", "peak/s", "goodput/s", "of the peak", "worst second", "good p50", "p99", "sent", "refused", "late or left",
		"broken", "recovered after", "p99 from 1 s after", "sent late by")
	for _, t := range r.Trials {
		page.Row(t.Peer, t.kind(), fmt.Sprintf("%.0f", t.Peak), fmt.Sprintf("%.0f", t.Goodput), fmt.Sprintf("%.0f %%", 100*t.Goodput/t.Peak),
			fmt.Sprintf("%.0f", t.Worst), milliseconds(t.Median), milliseconds(t.P99), fmt.Sprint(t.Sent), fmt.Sprint(t.Outcomes["refused"]),
			fmt.Sprint(t.Outcomes["late"]+t.Outcomes["left"]), fmt.Sprint(t.Outcomes["broken"]), milliseconds(t.Recovery), milliseconds(t.LaterP99), milliseconds(t.Lag))
	}
	page.End()
	page.Text("Good answers in each second:")
	for _, t := range r.Trials {
		fmt.Fprintf(page, "- %s, clients %s: %s\n", t.Peer, t.kind(), strings.Trim(fmt.Sprint(t.Seconds), "[]"))
	}
	page.End()
	page.Notes(r.peers, []string{"The program that makes the load shares the machine with the peer; as root it comes before it."})
	page.Settings(r.peers)
	_, _ = page.WriteTo(w)
}

func milliseconds(d time.Duration) string { return d.Round(time.Millisecond).String() }
