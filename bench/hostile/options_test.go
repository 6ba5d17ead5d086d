package hostile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/crowd"
	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
)

func TestDefaultsAreTheIssuesMeasurement(t *testing.T) {
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, options{
		Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay", "nginx+gunicorn"}, Workers: 2, Threads: 2, Python: "python3"}},
		Kinds:   crowd.Names(), Clients: 8000, Rounds: 1, Settle: time.Minute, Others: 0.3, Tries: 3,
		Fast:     pace.Load{Connections: 4, Rate: 200, Duration: 10 * time.Second, Patience: 15 * time.Second},
		HalfOpen: []string{"forebay", "nginx+gunicorn", "gunicorn"}, WaitDuration: 5 * time.Second,
	}, got)
	assert.Equal(t, []string{"forebay", "gunicorn", "nginx+gunicorn"}, got.choice().Peers)
}

func TestATableMayBeLeftOut(t *testing.T) {
	got, err := parseOptions([]string{"-half-open", "", "-kinds", "idle"})
	require.NoError(t, err)
	assert.Empty(t, got.HalfOpen)
	assert.Equal(t, []string{"idle"}, got.Kinds)
}

func TestOptionsAreBounded(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"an unknown kind":               {[]string{"-kinds", "idle,loud"}, `named "loud"`},
		"an unknown peer":               {[]string{"-half-open", "apache"}, `named "apache"`},
		"more clients than descriptors": {[]string{"-clients", "30000"}, "-clients: 30000"},
		"an hour":                       {[]string{"-fast-duration", "1h"}, "-fast-duration: 1h0m0s"},
		"a load that is not paced":      {[]string{"-fast-rate", "0"}, "-fast-rate: 0"},
		"rounds without end":            {[]string{"-rounds", "1000"}, "-rounds: 1000"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args)
			assert.ErrorContains(t, err, c.want)
		})
	}
}
