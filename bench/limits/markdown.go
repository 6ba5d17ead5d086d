package limits

import (
	"fmt"
	"io"
	"time"

	"forebay/bench/report"
)

// WriteMarkdown writes the report for a reader.
func (r *Report) WriteMarkdown(to io.Writer) {
	var page report.Page
	page.Text("# Rate limits: what they cost, and how they hold")
	page.Circumstances(r.Circumstances)
	r.writeCosts(&page, r.options)
	r.writeSharings(&page, r.options)
	r.writeFaults(&page, r.options)
	page.Notes(r.Peers, []string{
		"Redis runs on the same machine, on a unix socket, and takes its part of the CPUs.",
		"All requests have one address, and so one key: every one of them meets in the same bucket.",
	})
	page.Settings(r.Peers)
	_, _ = to.Write(page.Bytes()) // a reader that left early wants no more of it
}

func (r *Report) writeCosts(page *report.Page, opts options) {
	if len(r.Costs) == 0 {
		return
	}
	page.Heading("Cost")
	page.Text("wrk with %d connections, %v in each of %d rounds, in turns; medians.", opts.Load.Connections, opts.Load.Duration, opts.Rounds)
	page.Table("", "requests/s", "of no limit", "CPU µs/request", "p50", "p99")
	plain := map[string]float64{}
	for _, c := range r.Costs {
		rate := c.median(func(run Run) float64 { return run.PerSecond })
		if plain[c.Peer] == 0 {
			plain[c.Peer] = rate
		}
		page.Row(c.Peer+", "+c.Variant, fmt.Sprintf("%.0f", rate), fmt.Sprintf("%.2f", rate/plain[c.Peer]),
			fmt.Sprintf("%.1f", c.median(func(run Run) float64 { return float64(run.CPU.Microseconds()) / float64(run.Requests) })),
			c.time(func(run Run) time.Duration { return run.P50 }), c.time(func(run Run) time.Duration { return run.P99 }))
	}
	page.End()
}

func (c *Cost) median(of func(Run) float64) float64 {
	figures := make([]float64, len(c.Runs))
	for i, run := range c.Runs {
		figures[i] = of(run)
	}
	return report.SpreadOf(figures).Median
}

func (c *Cost) time(of func(Run) time.Duration) string {
	return milliseconds(time.Duration(c.median(func(run Run) float64 { return float64(of(run)) })))
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func (r *Report) writeSharings(page *report.Page, opts options) {
	if len(r.Sharings) == 0 {
		return
	}
	page.Heading("%d processes share %d/s, burst %d", opts.Processes, opts.Rate, opts.Burst)
	page.Table("", "admitted", "exact", "difference", "bound of leases", "refused", "Redis lost")
	for _, s := range r.Sharings {
		page.Row(s.How, fmt.Sprint(s.Admitted), fmt.Sprintf("%.0f", s.Exact),
			percent(float64(s.Admitted), s.Exact), fmt.Sprintf("± %d", s.Bound), fmt.Sprint(s.Refused), fmt.Sprint(s.Lost))
	}
	page.End()
}

func (r *Report) writeFaults(page *report.Page, opts options) {
	if len(r.Faults) == 0 {
		return
	}
	page.Heading("Redis fails, at %d/s and burst %d", faultRate, faultBurst)
	page.Text("Each fault lasts %v, and Redis is well again before the next. %d clients ask all the time.", opts.FaultDuration, askers)
	page.Table("", "admitted/s", "refused/s", "failed", "p50", "p99", "p99 more than without", "longest", "lines in the log")
	for _, f := range r.Faults {
		page.Row(f.Name, fmt.Sprintf("%.0f", float64(f.Served)/f.Took.Seconds()), fmt.Sprintf("%.0f", float64(f.Refused)/f.Took.Seconds()),
			fmt.Sprint(f.Failed), milliseconds(f.P50), milliseconds(f.P99), milliseconds(f.P99-r.Faults[0].P99), milliseconds(f.Max), fmt.Sprint(f.Lost))
	}
	page.End()
}
