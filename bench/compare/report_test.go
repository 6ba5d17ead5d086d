package compare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/machine"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
)

// sample is a report of two peers over two rounds: the first is four times as fast.
func sample() *Report {
	run := func(perSecond float64) Run {
		return Run{
			Result: Result{Requests: 100, PerSecond: perSecond, P50: time.Millisecond, P99: 2 * time.Millisecond, NonOK: 1},
			CPU:    time.Second, PSS: 8 << 20, Others: 0.05,
		}
	}
	peers := []report.Peer{
		{Name: "first", Settings: peer.Settings{Commands: []string{"first -w 2"}, Notes: []string{"shared", "only first"}}},
		{Name: "second", Settings: peer.Settings{Notes: []string{"shared"}, Files: map[string]string{"a.conf": "x\n"}}},
	}
	opts := options{Rounds: 2, Warmup: time.Second, Load: Load{Threads: 2, Connections: 64, Duration: time.Second}}
	circumstances := report.Circumstances{
		Machine: machine.Machine{CPU: "abacus", Cores: 2}, Versions: map[string]string{"wrk": "4.1.0", "Go": "go1.26"},
		Workers: 2, Threads: 4,
	}
	return newReport(opts, circumstances, peer.Hello, peers, [][]Run{{run(400), run(800)}, {run(100), run(200)}})
}

func TestMarkdownSaysEverything(t *testing.T) {
	page := reporttest.Page(t, sample(),
		"## hello: 64 connections, 2 workers × 4 threads", "abacus, 2 cores", "Go: go1.26 · wrk: 4.1.0",
		"`wrk -t2 -c64 -d1s --latency http://127.0.0.1:PORT/`",
		"| first | 600 (400–800) | 1.00 |", "| 8.0 | 0 | 2 | ≤ 5 % |",
		"| second | 4.00× |", "- only first\n", "first -w 2\n", "a.conf:\n\n```\nx\n```",
	)
	assert.Equal(t, 1, strings.Count(page, "- shared\n"))
}

func TestJSONHoldsEveryRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	want := sample()
	require.NoError(t, report.Save(path, want))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	got := Report{}
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, want.Peers[0].Runs, got.Peers[0].Runs)
	assert.Equal(t, want.Peers[1].Ratios, got.Peers[1].Ratios)
	assert.Nil(t, got.Peers[0].Ratios)
	assert.Equal(t, want.Date, got.Date)
}

func TestARunAloneIsReportedWithoutRatios(t *testing.T) {
	alone := sample()
	alone.Peers = alone.Peers[:1]
	assert.NotContains(t, reporttest.Page(t, alone), "divided by")
}
