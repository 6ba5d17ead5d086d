package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"forebay/bench/chart"
	"forebay/bench/report"
)

// picture is a chart with the name of its file.
type picture struct{ file, title, svg string }

// pictures are all charts for which there are figures.
func (r *Report) pictures() []picture {
	usual := func(o *Outcome) bool { return strings.HasSuffix(o.Name, fmt.Sprintf("@%d", usualConnections)) }
	hello := func(o *Outcome) bool {
		return strings.HasPrefix(o.Name, "hello@") && !strings.HasSuffix(o.Name, "/wrk")
	}
	idle := func(o *Outcome) bool {
		return slices.Contains([]string{"hello@64", "flask@64", "django@64"}, o.Name)
	}
	all := []picture{
		r.bars("requests.svg", "Requests a second",
			"longer is better; the line is the spread over the rounds; bare is the application without a server, where it is not out of scale", perSecond, usual),
		r.bars("connections.svg", "Requests a second, by connections", "hello; longer is better; the line is the spread over the rounds", perSecond, hello),
		r.bars("cpu.svg", "CPU time for each request, µs", "shorter is better; of all processes; bare is the application without a server", cpuTime, usual),
		r.bars("memory.svg", "Memory, MiB", "shorter is better; PSS of all processes, right after the load", memory, idle),
		r.dots("latency.svg"),
	}
	return slices.DeleteFunc(all, func(p picture) bool { return p.svg == "" })
}

// bars draws one figure of those scenarios that are wanted.
func (r *Report) bars(file, title, note, name string, want func(*Outcome) bool) picture {
	var panels []chart.Bars
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if !want(o) {
			continue
		}
		panel := chart.Bars{Title: o.Name}
		for _, p := range o.Peers {
			spread, ok := p.Summary[name]
			if !ok || p.Name == bareName && name == memory {
				continue // the memory of a server and that of none are nothing to compare
			}
			if p.Name == bareName && name == perSecond && spread.Median > 2*fastestOf(o) {
				continue // it would leave nothing to see of the others
			}
			panel.Bars = append(panel.Bars, chart.Bar{
				Kind: r.kind(p.Name), Label: p.Name, Value: spread.Median, Low: spread.Min, High: spread.Max, Text: short(spread.Median),
			})
		}
		panels = append(panels, panel)
	}
	if len(panels) == 0 {
		return picture{}
	}
	return picture{file, title, chart.DrawBars(title, note, panels)}
}

// fastestOf is what the fastest of all servers can do.
func fastestOf(o *Outcome) float64 {
	best := 0.0
	for _, p := range o.Peers {
		if p.Name != bareName {
			best = max(best, p.Summary[perSecond].Median)
		}
	}
	return best
}

// dots draws the latencies at steady rates.
func (r *Report) dots(file string) picture {
	var panels []chart.Dots
	for i := range r.Outcomes {
		for _, percent := range r.Plan.Rates {
			panel := chart.Dots{Title: fmt.Sprintf("%s at %d %%", r.Outcomes[i].Name, percent)}
			for _, p := range r.Outcomes[i].Peers {
				for _, rated := range p.Rated {
					if rated.Percent == percent {
						panel.Rows = append(panel.Rows, r.row(p.Name, rated.Summary))
					}
				}
			}
			if len(panel.Rows) > 0 {
				panels = append(panels, panel)
			}
		}
	}
	if len(panels) == 0 {
		return picture{}
	}
	title := "Latency at steady rates, ms"
	note := "further left is better; p50 (open), p99 and p99.9, whose figure stands at the right; in percent of what each peer can do"
	return picture{file, title, chart.DrawDots(title, note, panels)}
}

func (r *Report) row(name string, summary map[string]report.Spread) chart.Row {
	row := chart.Row{Kind: r.kind(name), Label: name}
	for _, figure := range []string{"p50 ms", p99, "p99.9 ms"} {
		if spread, ok := summary[figure]; ok {
			row.Values = append(row.Values, spread.Median)
			row.Text = short(spread.Median) + " ms"
		}
	}
	return row
}

func (r *Report) kind(name string) chart.Kind {
	switch name {
	case r.first():
		return chart.Ours
	case bareName:
		return chart.Limit
	default:
		return chart.Other
	}
}

// short writes a figure with three digits that count, or all before the point, in groups of three.
func short(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}
