package compare

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"forebay/bench/report"
)

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) { r.write(w, nil) }

// write writes the report with pictures, whose files lie beside it.
func (r *Report) write(w io.Writer, pictures []picture) {
	page := &report.Page{}
	page.Text("# %s beside other servers", r.first())
	page.Circumstances(r.Circumstances)
	page.Text("%d workers × %d threads each. %s. Figures are the median (min–max).", r.Workers, r.Threads, r.Plan)
	r.writeMissing(page)
	for _, p := range pictures {
		page.Text("![%s](%s)", p.title, p.file)
	}
	r.writeTargets(page)
	r.writeMatrix(page, perSecond, "Requests a second", "Above 1 it is faster.")
	r.writeMatrix(page, cpuTime, "CPU time for each request", "Below 1 it needs less.")
	for i := range r.Outcomes {
		r.writeOutcome(page, &r.Outcomes[i])
	}
	if r.CallsBy != "" {
		page.Text("System calls were counted by %s, for %v in runs of their own.", r.CallsBy, r.Plan.Calls)
	}
	page.Notes(r.Settings, r.Notes)
	page.Settings(r.Settings)
	_, _ = page.WriteTo(w)
}

// first is the name of the peer that is compared with the others.
func (r *Report) first() string {
	if len(r.Names) == 0 {
		return "nobody"
	}
	return r.Names[0]
}

func (r *Report) writeMissing(page *report.Page) {
	for _, name := range slices.Sorted(maps.Keys(r.Missing)) {
		page.Text("Without %s: %s.", name, strings.TrimSuffix(brief(r.Missing[name]), "."))
	}
}

// stack is the beginning of the names of what forebay stands in for.
const stack = "nginx+gunicorn"

// writeTargets writes one row for each scenario and each way to run nginx and gunicorn, and for the fastest other.
func (r *Report) writeTargets(page *report.Page) {
	if len(r.Names) < 2 {
		return
	}
	page.Heading("%s over nginx + gunicorn, and over the fastest other", r.first())
	page.Text("Its figures divided by theirs, pair by pair; the last two columns are the CPU time of each that is not the application's.")
	columns := []string{"scenario", "over", perSecond, cpuTime, p99, memory}
	for _, percent := range r.Plan.Rates {
		columns = append(columns, fmt.Sprintf("%s at %d %%", p99, percent))
	}
	page.Table(append(columns, r.first()+" "+aboveBare, "the other's "+aboveBare)...)
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		for _, p := range o.Peers {
			if strings.HasPrefix(p.Name, stack) && p.Name != r.first() {
				r.writeTarget(page, o, p, p.Name)
			}
		}
		if p, ok := o.fastest(); ok && !strings.HasPrefix(p.Name, stack) {
			r.writeTarget(page, o, p, "the fastest other: "+p.Name)
		}
	}
	page.End()
}

func (r *Report) writeTarget(page *report.Page, o *Outcome, p PeerOutcome, over string) {
	cells := []string{o.Name, over}
	for _, name := range []string{perSecond, cpuTime, p99, memory} {
		cells = append(cells, format(p.Ratios, name, 2, "×"))
	}
	for _, percent := range r.Plan.Rates {
		cells = append(cells, format(p.rated(percent).Ratios, p99, 2, "×"))
	}
	page.Row(append(cells, o.writtenAbove(o.peer(r.first())), o.writtenAbove(p))...)
}

func (o *Outcome) writtenAbove(p PeerOutcome) string {
	above, ok := o.above(p)
	if !ok {
		return "–"
	}
	return strconv.FormatFloat(above, 'f', 1, 64)
}

// writeMatrix writes the ratios of one figure, with a column for each other peer.
func (r *Report) writeMatrix(page *report.Page, name, title, hint string) {
	if len(r.Names) < 2 {
		return
	}
	others := slices.DeleteFunc(append(slices.Clone(r.Names[1:]), bareName), func(name string) bool { return r.Missing[name] != "" })
	page.Heading("%s: %s divided by the others", title, r.first())
	page.Text("%s", hint)
	page.Table(append([]string{"scenario"}, others...)...)
	for i := range r.Outcomes {
		cells := []string{r.Outcomes[i].Name}
		for _, other := range others {
			cells = append(cells, format(r.Outcomes[i].peer(other).Ratios, name, 2, "×"))
		}
		page.Row(cells...)
	}
	page.End()
}

// writeOutcome writes all figures of one scenario.
func (r *Report) writeOutcome(page *report.Page, o *Outcome) {
	page.Heading("%s", o.Name)
	page.Text("%s. %s", o.Says, o.Date.Format("2006-01-02 15:04 MST"))
	page.Table(append(append([]string{""}, figureNames()...), aboveBare, callsTitle, "failed", "others")...)
	for _, p := range o.Peers {
		if len(p.Runs) == 0 {
			continue
		}
		cells := []string{p.Name}
		for _, f := range figures {
			cells = append(cells, format(p.Summary, f.name, f.digits, ""))
		}
		calls := "–"
		if p.Calls > 0 {
			calls = strconv.FormatFloat(p.Calls, 'f', 1, 64)
		}
		failed, others := p.failures()
		share := fmt.Sprintf("≤ %d %%", others)
		if p.Name == bareName {
			share = "–"
		}
		page.Row(append(cells, o.writtenAbove(p), calls, strconv.Itoa(failed), share)...)
	}
	page.End()
	for _, p := range o.Peers {
		if p.Fault != "" {
			page.Text("%s: %s.", p.Name, strings.TrimSuffix(p.Fault, "."))
		}
	}
	o.writeRated(page)
}

// writeRated writes the latencies at steady rates.
func (o *Outcome) writeRated(page *report.Page) {
	if !slices.ContainsFunc(o.Peers, func(p PeerOutcome) bool { return len(p.Rated) > 0 }) {
		return
	}
	page.Text("At steady rates, from the moment at which a request was due:")
	page.Table("", "of its own", "asked/s", "answered/s", "p50 ms", p99, "p99.9 ms", cpuTime, "failed", "client late p99 ms")
	for _, p := range o.Peers {
		for _, rated := range p.Rated {
			failed, lag := 0, 0.0
			for _, run := range rated.Runs {
				failed, lag = failed+run.Failures(), max(lag, run.Lag.Seconds()*1e3)
			}
			page.Row(p.Name, fmt.Sprintf("%d %%", rated.Percent), fmt.Sprintf("%.0f", rated.Rate), format(rated.Summary, perSecond, 0, ""),
				format(rated.Summary, "p50 ms", 2, ""), format(rated.Summary, p99, 2, ""), format(rated.Summary, "p99.9 ms", 2, ""),
				format(rated.Summary, cpuTime, 1, ""), strconv.Itoa(failed), fmt.Sprintf("%.2f", lag))
		}
	}
	page.End()
}
