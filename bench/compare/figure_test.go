package compare

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/bench/gauge"
	"forebay/bench/report"
)

func TestRatiosComparePairByPair(t *testing.T) {
	run := func(perSecond float64) Run {
		return Run{PerSecond: perSecond, All: 10, Latency: Latency{P50: 1}, Cost: gauge.Cost{CPU: time.Millisecond}}
	}
	// Medians alone would say 3 = 6/2; the pairs say that it was twice as fast in two rounds of three.
	ours, theirs := []Run{run(6), run(2), run(10)}, []Run{run(3), run(1), run(2), run(100)}
	got := ratios(ours, theirs)
	assert.Equal(t, report.Spread{Median: 2, Min: 2, Max: 5}, got[perSecond])
	assert.Equal(t, report.Spread{Median: 1, Min: 1, Max: 1}, got[cpuTime])
	assert.NotContains(t, got, p99, "it is unknown")
	assert.Empty(t, ratios(nil, theirs))
}

func TestFiguresHaveTheirUnits(t *testing.T) {
	run := Run{
		PerSecond: 500, Answered: 800, All: 1000, Latency: Latency{P50: 1500 * time.Microsecond, P99: 2 * time.Second, P999: 3 * time.Second},
		Cost: gauge.Cost{CPU: 30 * time.Millisecond, PSS: 3 << 20, Switches: 2500},
	}
	want := map[string]float64{
		perSecond: 500, "p50 ms": 1.5, p99: 2000, "p99.9 ms": 3000, cpuTime: 30, "switches/request": 2.5, memory: 3,
	}
	got := map[string]float64{}
	for name, spread := range summary([]Run{run}) {
		got[name] = spread.Median
	}
	assert.InDeltaMapValues(t, want, got, 1e-9)
}

func TestFaultsAreBrief(t *testing.T) {
	assert.Equal(t, "it ended; it said: a / b", brief("it ended;\n it said:\na | b\n"))
	long := brief("begin " + strings.Repeat("word ", 1000) + "the end")
	assert.Less(t, len(long), 2*longestFault)
	assert.Contains(t, long, "begin")
	assert.Contains(t, long, "the end")
}

func TestFiguresInPictures(t *testing.T) {
	for v, want := range map[float64]string{0.123: "0.12", 12.34: "12.3", 123.4: "123", 12345.6: "12\u202f346", 1234567: "1\u202f234\u202f567"} {
		assert.Equal(t, want, short(v))
	}
}
