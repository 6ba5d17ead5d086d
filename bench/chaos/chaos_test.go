package chaos

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/client"
	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
)

// TestForebayLosesNothing lets the real server suffer for a moment, which shows that all parts fit together: what has not
// been killed under way is answered, and nothing is lost or doubled.
func TestForebayLosesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("workers are found by /proc, which Linux alone has")
	}
	logs := t.TempDir()
	opts, err := parseOptions([]string{
		"-peers", "forebay", "-duration", "4s", "-rate", "20", "-kill", "1500ms", "-reload", "0", "-upgrades", "1", "-max-requests", "0",
		"-logs", logs,
	})
	require.NoError(t, err)
	kit, err := peer.Prepare(t.Context(), opts.Choice)
	t.Cleanup(kit.Clean)
	require.NoError(t, err)
	found, err := run(t.Context(), opts, kit)
	require.NoError(t, err)
	require.Len(t, found.Verdicts, 1)
	v := found.Verdicts[0]
	assert.Equal(t, 120, v.Gets.Answered, v)
	assert.Equal(t, 40, v.Orders, v)
	assert.Equal(t, 40, v.Answered+total(v.Executing)+total(v.Untouched), v)
	assert.Empty(t, v.Lost)
	assert.Empty(t, v.Doubled)
	assert.Equal(t, v.BadGateways, v.Logged, v)
	assert.Empty(t, v.Untouched)
	assert.Equal(t, map[Torment]int{Kill: 2, Upgrade: 1}, v.Done)
	log, err := os.ReadFile(filepath.Join(logs, "forebay.log"))
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(log), "upgraded, stopping"), "%s", log)
	reporttest.Page(t, found)
}

func sample() *Report {
	opts := options{Seed: 7, Duration: time.Minute, Rate: 100, Plan: full, MaxRequests: 200}
	r := newReport(opts, report.Circumstances{Workers: 2, Threads: 4})
	r.Verdicts = []Verdict{
		{Peer: "forebay", Gets: pace.Summary{Answered: 5, P50: time.Millisecond, Max: time.Second}, Orders: 3, Answered: 2,
			Executing: map[string]int{"status 502": 1}, BadGateways: 1, Logged: 1, Done: map[Torment]int{Kill: 59, Upgrade: 2}},
		{Peer: "gunicorn", Lost: []string{"a", "b"}, Doubled: []string{"c"}, Gets: pace.Summary{Failed: map[string]int{"connection reset": 4}}},
	}
	return r
}

func TestMarkdownSaysEverything(t *testing.T) {
	reporttest.Page(t, sample(),
		"## Chaos: 1m0s, seed 7, 2 workers × 4 threads",
		"while a worker is killed with -9 every 1s, workers are recycled after 200 requests, the server is reloaded every 5s, "+
			"one of these reloads finds a syntax error, forebay's binary is upgraded 2 times.",
		"|  | forebay | gunicorn |", "| **GETs failed** | 0 | 4 × connection reset |", "| **orders lost** | 0 | 2 |", "| **orders doubled** | 0 | 1 |",
		"| orders failed, running | 1 × status 502 | 0 |", "| 502s named in the log | 1 of 1 | 0 of 0 |", "59 × kill, 2 × upgrade",
	)
	assert.Equal(t, "nothing happens", Plan{}.sentence(0))
}

func TestFiguresSurviveJSON(t *testing.T) {
	assert.Equal(t, sample().Verdicts, reporttest.Again(t, sample()).Verdicts)
}

func TestOrdersHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	posts := 0
	for _, name := range clientNames {
		for n := range 100 {
			one := request(name, n)
			if one.Method == "POST" {
				posts++
				seen[one.Body] = true
			}
		}
	}
	assert.Equal(t, 50, posts)
	assert.Len(t, seen, 50)
}

func TestFault(t *testing.T) {
	require.NoError(t, get(200, page).fault(page))
	require.NoError(t, post("tea", 200, "tea").fault(page))
	require.ErrorIs(t, post("tea", 502, "").fault(page), client.StatusError(502))
	assert.ErrorContains(t, post("tea", 200, "coffee").fault(page), "another body")
}

func TestOptionsAreBounded(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"an hour":               {[]string{"-duration", "1h"}, "-duration: 1h0m0s"},
		"kills without a pause": {[]string{"-kill", "1ms"}, "-kill: 1ms"},
		"an unknown peer":       {[]string{"-peers", "apache"}, `named "apache"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args)
			assert.ErrorContains(t, err, c.want)
		})
	}
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, Plan{Kill: time.Second, Reload: 5 * time.Second, Fault: true}, got.Plan)
	assert.Equal(t, 200, got.MaxRequests)
}

func TestTheLedgerIsOpenedAndRead(t *testing.T) {
	book, err := openLedger(t.Context(), "python3", filepath.Join("..", "apps"), filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	written, err := book.read(t.Context())
	require.NoError(t, err)
	assert.Empty(t, written.Begun)
	assert.Empty(t, written.Ended)
	_, err = openLedger(t.Context(), "python3", filepath.Join("..", "apps"), book.dir)
	assert.ErrorContains(t, err, "create the ledger", "there is one already")
}
