package static

import (
	"fmt"
	"io"

	"forebay/bench/report"
	"forebay/bench/wrk"
)

// WriteMarkdown writes the report for a reader.
func (r *Report) WriteMarkdown(to io.Writer) {
	var page report.Page
	page.Text("# Files: forebay beside nginx")
	page.Circumstances(r.Circumstances)
	page.Text("wrk with %d connections on keep-alive or, where it says close, one for each request; %v in each of %d rounds, in turns; median (min–max).",
		r.options.Load.Connections, r.options.Load.Duration, r.options.Rounds)
	r.table(&page, "Requests a second", 0, func(run wrk.Run) float64 { return run.PerSecond })
	r.table(&page, "CPU µs of the server for each request", 1, wrk.Run.CPUPerRequest)
	r.table(&page, "p99, in milliseconds", 2, func(run wrk.Run) float64 { return run.P99.Seconds() * 1e3 })
	page.Text("Of all runs, at most %.0f %% of the machine worked for others.", 100*r.others())
	page.Notes(r.Peers, []string{
		"many is " + fmt.Sprint(mostFiles) + " files, asked for at random; forebay's static_memory holds them by default (192 MiB) where the cgroup allows it.",
		"forebay's answers have an ETag of the contents, Cache-Control, Vary and nosniff beside what nginx's have.",
		"wrk takes its CPU from the same cores as the servers.",
	})
	page.Settings(r.Peers)
	_, _ = to.Write(page.Bytes()) // a reader that left early wants no more of it
}

// table writes one figure of all rows and peers, and the first peer's over each of the others', round by round.
func (r *Report) table(page *report.Page, title string, digits int, of func(wrk.Run) float64) {
	page.Heading("%s", title)
	columns := []string{""}
	for _, one := range r.Peers {
		columns = append(columns, one.Name)
	}
	for _, one := range r.Peers[1:] {
		columns = append(columns, r.Peers[0].Name+" / "+one.Name)
	}
	page.Table(columns...)
	for _, row := range r.Rows {
		cells := []string{row.Name}
		for _, runs := range row.Runs {
			cells = append(cells, spread(runs, nil, of).Format(digits, ""))
		}
		for _, runs := range row.Runs[1:] {
			cells = append(cells, spread(row.Runs[0], runs, of).Format(2, "×"))
		}
		page.Row(cells...)
	}
	page.End()
}

// spread is that of a figure, or of its ratio to that of the same round of others.
func spread(runs, others []wrk.Run, of func(wrk.Run) float64) report.Spread {
	values := make([]float64, len(runs))
	for round := range runs {
		values[round] = of(runs[round])
		if others != nil {
			values[round] /= of(others[round])
		}
	}
	return report.SpreadOf(values)
}

func (r *Report) others() float64 {
	most := 0.0
	for _, row := range r.Rows {
		for _, runs := range row.Runs {
			for _, run := range runs {
				most = max(most, run.Others)
			}
		}
	}
	return most
}
