package compare

import "forebay/bench/report"

// figure is one column of the tables.
type figure struct {
	name   string
	digits int
	of     func(Run) float64
}

var figures = []figure{
	{"requests/s", 0, func(r Run) float64 { return r.PerSecond }},
	{"p50 ms", 2, func(r Run) float64 { return r.P50.Seconds() * 1e3 }},
	{"p99 ms", 2, func(r Run) float64 { return r.P99.Seconds() * 1e3 }},
	{"CPU µs/request", 1, Run.CPUPerRequest},
	{"PSS MiB", 1, func(r Run) float64 { return float64(r.PSS) / (1 << 20) }},
}

// CPUPerRequest is the CPU time of the peer for each request, in microseconds.
func (r Run) CPUPerRequest() float64 { return r.CPU.Seconds() * 1e6 / float64(r.Requests) }

// summary is the spread of each figure over the rounds.
func summary(runs []Run) map[string]report.Spread {
	all := map[string]report.Spread{}
	for _, f := range figures {
		all[f.name] = f.spread(runs)
	}
	return all
}

func (f figure) spread(runs []Run) report.Spread {
	values := make([]float64, 0, len(runs))
	for _, run := range runs {
		values = append(values, f.of(run))
	}
	return report.SpreadOf(values)
}

// ratios divide each round of one peer by the same round of another, which ran right beside it, and only then look for
// the median: what disturbed a round disturbed both.
func ratios(runs, others []Run) map[string]report.Spread {
	all := map[string]report.Spread{}
	for _, f := range figures {
		values := make([]float64, 0, len(runs))
		for round := range runs {
			values = append(values, f.of(runs[round])/f.of(others[round]))
		}
		all[f.name] = report.SpreadOf(values)
	}
	return all
}
