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

	"forebay/bench/gauge"
	"forebay/bench/machine"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
)

// sample is a report of two peers and none over two rounds: the first is four times as fast.
func sample() *Report {
	run := func(perSecond float64, cpu time.Duration) Run {
		return Run{
			Answered: 90, All: 100, PerSecond: perSecond, Latency: Latency{P50: time.Millisecond, P99: 2 * time.Millisecond, P999: 5 * time.Millisecond},
			Failed: map[string]int{"status 502": 1}, Cost: gauge.Cost{CPU: cpu, PSS: 8 << 20, Others: 0.05, Switches: 150}, Lag: time.Millisecond,
		}
	}
	second := PeerOutcome{Name: "nginx+gunicorn", Runs: []Run{run(100, 2*time.Second), run(200, 2*time.Second)}, Calls: 20.5}
	second.addRated(50, 75, run(75, time.Second))
	first := PeerOutcome{Name: "forebay", Runs: []Run{run(400, time.Second), run(800, time.Second)}}
	first.addRated(50, 300, run(300, time.Second))
	bare := PeerOutcome{Name: bareName, Runs: []Run{{PerSecond: 1000, All: 100, Cost: gauge.Cost{CPU: time.Second / 2}}}}
	outcome := Outcome{Name: "hello@64", Says: "the least", Peers: []PeerOutcome{first, second, {Name: "granian", Fault: "it died"}, bare}}
	outcome.summarize()
	return &Report{
		Circumstances: report.Circumstances{
			Machine: machine.Machine{CPU: "abacus", Cores: 2}, Versions: map[string]string{"nginx": "1.29", "Go": "go1.26"}, Workers: 2, Threads: 4,
		},
		Plan: quickly, CallsBy: "hand", Names: []string{"forebay", "nginx+gunicorn", "granian", "bjoern"},
		Settings: []report.Peer{
			{Name: "forebay", Settings: peer.Settings{Commands: []string{"forebay -w 2"}, Notes: []string{"shared", "only first"}}},
			{Name: "nginx+gunicorn", Settings: peer.Settings{Notes: []string{"shared"}, Files: map[string]string{"a.conf": "x\n"}}},
		},
		Missing: map[string]string{"bjoern": "it does not build"}, Outcomes: []Outcome{outcome}, Notes: commonNotes,
	}
}

func TestMarkdownSaysEverything(t *testing.T) {
	page := reporttest.Page(t, sample(),
		"# forebay beside other servers", "abacus, 2 cores", "Go: go1.26 · nginx: 1.29", "Without bjoern: it does not build.",
		"| hello@64 | nginx+gunicorn | 4.00× | 0.50× | 1.00× | 1.00× | 1.00× | 5000.0 | 15000.0 |",
		"| scenario | nginx+gunicorn | granian | bare |", "| hello@64 | 4.00× | – | 0.40× |",
		"## hello@64", "| forebay | 600 (400–800) | 1.00 | 2.00 | 5.00 | 10000.0 | 1.50 | 8.0 | 5000.0 | – | 2 | ≤ 5 % |",
		"| 15000.0 | 20.5 | 2 | ≤ 5 % |", "| bare | 1000 | – | – | – | 5000.0 |", "granian: it died.",
		"| nginx+gunicorn | 50 % | 75 | 75 | 1.00 | 2.00 | 5.00 | 10000.0 | 1 | 1.00 |",
		"counted by hand", "- only first\n", "forebay -w 2\n", "a.conf:\n\n```\nx\n```",
	)
	assert.Equal(t, 1, strings.Count(page, "- shared\n"))
	assert.NotContains(t, page, "fastest other: nginx", "it has rows of its own")
}

func TestTheFastestOtherHasARow(t *testing.T) {
	r := sample()
	r.Outcomes[0].Peers[1].Name = "uwsgi"
	reporttest.Page(t, r, "| hello@64 | the fastest other: uwsgi | 4.00× |")
}

func TestAPeerAloneIsReportedWithoutRatios(t *testing.T) {
	alone := sample()
	alone.Names = alone.Names[:1]
	alone.Outcomes[0].Peers = alone.Outcomes[0].Peers[:1]
	assert.NotContains(t, reporttest.Page(t, alone), "divided by")
}

func TestPicturesAreDrawnOfWhatThereIs(t *testing.T) {
	var files []string
	for _, p := range sample().pictures() {
		files = append(files, p.file)
		assert.Contains(t, p.svg, "forebay")
		assert.NotContains(t, p.svg, "NaN")
	}
	assert.Equal(t, []string{"requests.svg", "connections.svg", "cpu.svg", "memory.svg", "latency.svg"}, files)
	assert.Empty(t, (&Report{}).pictures())
}

func TestWhatIsSavedCanBeGoneOnWith(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	old := sample()
	require.NoError(t, old.save(dir))
	page, err := os.ReadFile(filepath.Join(dir, pageFile))
	require.NoError(t, err)
	assert.Contains(t, string(page), "![Requests a second](requests.svg)")
	assert.FileExists(t, filepath.Join(dir, "latency.svg"))
	left, err := filepath.Glob(filepath.Join(dir, "*.new"))
	require.NoError(t, err)
	assert.Empty(t, left)

	fresh := sample()
	fresh.Outcomes, fresh.Machine.Load = nil, "7.0"
	got, err := resume(dir, fresh)
	require.NoError(t, err)
	assert.Equal(t, old.Outcomes, got.Outcomes)
	hello, err := parseScenario("hello")
	require.NoError(t, err)
	assert.True(t, got.has(hello))

	fresh.Workers, fresh.Plan.Rounds = 3, 9
	_, err = resume(dir, fresh)
	require.ErrorContains(t, err, "another plan")
	assert.ErrorContains(t, err, "another number of workers")
	got, err = resume(t.TempDir(), fresh)
	require.NoError(t, err)
	assert.Same(t, fresh, got, "there is nothing to go on with")
}

func TestABrokenReportIsNotGoneOnWith(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, figuresFile), []byte("{"), 0o600))
	_, err := resume(dir, sample())
	assert.Error(t, err)
}

func TestJSONHoldsEveryRun(t *testing.T) {
	want := sample()
	got := reporttest.Again(t, want)
	assert.Equal(t, want.Outcomes, got.Outcomes)
	text, err := json.Marshal(want)
	require.NoError(t, err)
	for _, field := range []string{"requests_per_second", "p999_ns", "cpu_ns", "context_switches", "system_calls_per_request", "first_peer_over_this"} {
		assert.Contains(t, string(text), `"`+field+`"`)
	}
}
