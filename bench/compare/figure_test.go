package compare

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/bench/report"
)

func TestRatiosComparePairByPair(t *testing.T) {
	run := func(perSecond float64) Run {
		return Run{Result: Result{PerSecond: perSecond, Requests: 10, P50: 1, P99: 1}, CPU: time.Millisecond, PSS: 1}
	}
	// Medians alone would say 3 = 6/2; the pairs say that it was twice as fast in two rounds of three.
	ours, theirs := []Run{run(6), run(2), run(10)}, []Run{run(3), run(1), run(2)}
	assert.Equal(t, report.Spread{Median: 2, Min: 2, Max: 5}, ratios(ours, theirs)["requests/s"])
	assert.Equal(t, report.Spread{Median: 1, Min: 1, Max: 1}, ratios(ours, theirs)["CPU µs/request"])
}

func TestFiguresHaveTheirUnits(t *testing.T) {
	run := Run{
		Result: Result{Requests: 1000, PerSecond: 500, P50: 1500 * time.Microsecond, P99: 2 * time.Second},
		CPU:    30 * time.Millisecond,
		PSS:    3 << 20,
	}
	want := map[string]float64{"requests/s": 500, "p50 ms": 1.5, "p99 ms": 2000, "CPU µs/request": 30, "PSS MiB": 3}
	got := map[string]float64{}
	for name, spread := range summary([]Run{run}) {
		got[name] = spread.Median
	}
	assert.InDeltaMapValues(t, want, got, 1e-9)
}
