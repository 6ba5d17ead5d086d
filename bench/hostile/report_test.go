package hostile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/crowd"
	"forebay/bench/machine"
	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
)

// sample is a report of two rounds of one peer, and of two waits.
func sample() *Report {
	trial := func(p99 time.Duration) Trial {
		return Trial{
			Peer: "forebay", Kind: "idle",
			Alone:   Phase{Summary: pace.Summary{P99: 2 * time.Millisecond}, Others: 0.25},
			With:    Phase{Summary: pace.Summary{P99: p99, Failed: map[string]int{"status 503": 2}}, Others: 0.125},
			Control: pace.Summary{P99: 4 * time.Millisecond},
			Clients: crowd.Status{Clients: 100, Settled: 100, Cut: map[string]int{"408": 3, "reset": 1}},
			Open:    machine.Sockets{Accepted: 100, Waiting: 7}, PSS: 600 << 10,
		}
	}
	opts, circumstances := options{Clients: 100, Rounds: 2}, report.Circumstances{Workers: 2, Threads: 2}
	r := newReport(opts, circumstances)
	r.Trials = []Trial{trial(3 * time.Millisecond), trial(8 * time.Millisecond)}
	r.Peers = []report.Peer{{Name: "forebay", Settings: peer.Settings{Commands: []string{"forebay -w 2"}}}}
	r.Small = []report.Peer{{Name: "gunicorn", Settings: peer.Settings{Commands: []string{"gunicorn -w 1"}}}}
	r.Waits = []Wait{
		{Peer: "gunicorn", Got: pace.Summary{Answered: 25, P50: time.Millisecond, Max: 1500 * time.Millisecond}, Sent: 25},
		{Peer: "gunicorn", Kind: "half-head", Got: pace.Summary{Failed: map[string]int{"no answer in time": 25}}, Sent: 25},
	}
	return r
}

func TestMarkdownSaysEverything(t *testing.T) {
	page := reporttest.Page(t, sample(),
		"## Hostile clients: 100 of each kind, 2 workers × 2 threads", "**idle**: one request",
		"| forebay | 2.00 | 5.50 (3.00–8.00) | 2.75 (1.50–4.00) | 4.00 | 1.38 (0.75–2.00) |", "| 6.00 | 100 | 7 | 100 |", "| 6 × 408, 2 × reset |", "| 0.25 |",
		"| gunicorn | nobody | 25 of 25 | 1.0 | 1500.0 | 0 |", "| gunicorn | 3 × half-head | 0 of 25 | — | — | 25 × no answer in time |",
		"<summary>forebay</summary>", "<summary>gunicorn, one worker</summary>",
	)
	assert.NotContains(t, page, "**silent**", "it was not measured")
}

func TestFiguresSurviveJSON(t *testing.T) {
	got := reporttest.Again(t, sample())
	assert.Equal(t, sample().Trials, got.Trials)
	assert.Equal(t, sample().Waits, got.Waits)
}

func TestNothingIsDividedByZero(t *testing.T) {
	assert.Zero(t, Trial{}.ratio())
	assert.Zero(t, Trial{PSS: 5}.perClient())
}

func TestShare(t *testing.T) {
	now := time.Now()
	var p Phase
	early := work{at: now, server: map[int]machine.Usage{1: {}}, crowd: map[int]machine.Usage{}}
	late := work{at: now.Add(2 * time.Second), server: map[int]machine.Usage{1: {}}, crowd: map[int]machine.Usage{}}
	require.NoError(t, p.share(early, late))
	assert.Equal(t, Phase{}, p, "nobody has worked")
	late.server = map[int]machine.Usage{2: {}}
	assert.ErrorIs(t, p.share(early, late), machine.ErrTreeChanged)
}
