package compare

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
	"forebay/bench/report"
)

func TestDefaultsAreTheIssuesComparison(t *testing.T) {
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, options{
		Options: report.Options{Choice: peer.Choice{Peers: peer.Defaults, Workers: 2, Threads: 4, Python: "python3"}},
		Rounds:  5, Warmup: 2 * time.Second,
		Load: Load{Threads: 2, Connections: 64, Duration: 5 * time.Second},
		Path: "/",
	}, got)
}

func TestOptionsAreBounded(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"an unknown peer":               {[]string{"-peers", "forebay,apache"}, `no peer is named "apache"`},
		"a peer twice":                  {[]string{"-peers", "forebay,gunicorn,forebay"}, "named twice"},
		"a path without a slash":        {[]string{"-path", "index"}, "does not begin with a slash"},
		"rounds without end":            {[]string{"-rounds", "1000"}, "-rounds: 1000"},
		"an hour a round":               {[]string{"-duration", "1h"}, "-duration: 1h0m0s"},
		"half a second":                 {[]string{"-duration", "1500ms"}, "whole seconds"},
		"more threads than connections": {[]string{"-connections", "1"}, "-wrk-threads: 2"},
		"no workers":                    {[]string{"-workers", "0"}, "-workers: 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := parseOptions([]string{"-rounds", "0", "-threads", "0"})
	require.ErrorContains(t, err, "-rounds")
	assert.ErrorContains(t, err, "-threads")
}
