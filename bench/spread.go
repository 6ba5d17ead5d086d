package main

import "slices"

// Spread is what is left of the same figure of several rounds. Five rounds say too little for more than this.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spreadOf returns the spread of at least one value.
func spreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

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
	{"CPU µs/request", 1, cpuPerRequest},
	{"PSS MiB", 1, func(r Run) float64 { return float64(r.PSS) / (1 << 20) }},
}

func cpuPerRequest(r Run) float64 { return r.CPU.Seconds() * 1e6 / float64(r.Requests) }

// summary is the spread of each figure over the rounds.
func summary(runs []Run) map[string]Spread {
	all := map[string]Spread{}
	for _, f := range figures {
		all[f.name] = f.spread(runs)
	}
	return all
}

func (f figure) spread(runs []Run) Spread {
	values := make([]float64, 0, len(runs))
	for _, run := range runs {
		values = append(values, f.of(run))
	}
	return spreadOf(values)
}

// ratios divide each round of one peer by the same round of another, which ran right beside it, and only then look for
// the median: what disturbed a round disturbed both.
func ratios(runs, others []Run) map[string]Spread {
	all := map[string]Spread{}
	for _, f := range figures {
		values := make([]float64, 0, len(runs))
		for round := range runs {
			values = append(values, f.of(runs[round])/f.of(others[round]))
		}
		all[f.name] = spreadOf(values)
	}
	return all
}
