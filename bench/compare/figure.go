package compare

import (
	"strings"

	"forebay/bench/report"
)

// figure is one column of the tables. What is 0 is unknown.
type figure struct {
	name   string
	digits int
	of     func(Run) float64
}

// Names of figures that are asked for.
const (
	perSecond  = "requests/s"
	cpuTime    = "CPU µs/request"
	memory     = "PSS MiB"
	p99        = "p99 ms"
	aboveBare  = "above bare µs"
	callsTitle = "system calls/request"
)

var figures = []figure{
	{perSecond, 0, func(r Run) float64 { return r.PerSecond }},
	{"p50 ms", 2, func(r Run) float64 { return r.P50.Seconds() * 1e3 }},
	{p99, 2, func(r Run) float64 { return r.P99.Seconds() * 1e3 }},
	{"p99.9 ms", 2, func(r Run) float64 { return r.P999.Seconds() * 1e3 }},
	{cpuTime, 1, Run.cpuPerRequest},
	{"switches/request", 2, func(r Run) float64 { return float64(r.Switches) / float64(max(r.All, 1)) }},
	{memory, 1, func(r Run) float64 { return float64(r.PSS) / (1 << 20) }},
}

// cpuPerRequest is the CPU time of the peer for each request, in microseconds.
func (r Run) cpuPerRequest() float64 { return r.CPU.Seconds() * 1e6 / float64(max(r.All, 1)) }

// summary is the spread of each known figure over the rounds.
func summary(runs []Run) map[string]report.Spread { return spreads(runs, nil) }

// ratios divide each round of one peer by the same round of another, which ran right beside it, and only then look for
// the median: what disturbed a round disturbed both.
func ratios(runs, others []Run) map[string]report.Spread {
	rounds := min(len(runs), len(others))
	if rounds == 0 {
		return nil
	}
	return spreads(runs[:rounds], others[:rounds])
}

func spreads(runs, others []Run) map[string]report.Spread {
	all := map[string]report.Spread{}
	for _, f := range figures {
		if values := f.values(runs, others); len(values) > 0 {
			all[f.name] = report.SpreadOf(values)
		}
	}
	return all
}

// values are the figure of each round, or its ratio to that of the same round of others, where both are known.
func (f figure) values(runs, others []Run) []float64 {
	var values []float64
	for round, run := range runs {
		value, by := f.of(run), 1.0
		if others != nil {
			by = f.of(others[round])
		}
		if value != 0 && by != 0 {
			values = append(values, value/by)
		}
	}
	return values
}

func figureNames() []string {
	names := make([]string, 0, len(figures))
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}

// format writes a figure of a summary, or that it is unknown.
func format(of map[string]report.Spread, name string, digits int, unit string) string {
	spread, ok := of[name]
	if !ok {
		return "–"
	}
	return spread.Format(digits, unit)
}

// longestFault is how much of a fault is reported.
const longestFault = 300

// brief is a fault in one line, to its end, where what matters is.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.ReplaceAll(text, "|", "/")
	if len(text) > longestFault {
		text = text[:100] + " … " + text[len(text)-(longestFault-100):]
	}
	return text
}
