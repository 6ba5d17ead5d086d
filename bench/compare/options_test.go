package compare

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
)

func TestDefaultsCompareAllInLessThanFortyMinutes(t *testing.T) {
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, peer.Names(), got.Peers)
	assert.Equal(t, Plan{
		Rounds: 3, Duration: 2 * time.Second, Warmup: 300 * time.Millisecond, Rates: []int{50, 80}, RateDuration: 2 * time.Second, RateRounds: 1,
		Calls: 300 * time.Millisecond, Loops: 2,
	}, got.Plan)
	assert.True(t, got.Lenient, "what does not build is left out")
	assert.False(t, got.Offline)
	assert.Less(t, got.estimate(), 40*time.Minute)
}

func TestTheQuickFormInstallsNothingAndEndsInAMinute(t *testing.T) {
	got, err := parseOptions([]string{"-quick"})
	require.NoError(t, err)
	assert.True(t, got.Offline)
	assert.Equal(t, quickly, got.Plan)
	assert.Less(t, got.estimate(), time.Minute)
}

func TestRates(t *testing.T) {
	got, err := parseOptions([]string{"-rates", "30,95"})
	require.NoError(t, err)
	assert.Equal(t, []int{30, 95}, got.Rates)
	got, err = parseOptions([]string{"-rates", "none"})
	require.NoError(t, err)
	assert.Empty(t, got.Rates)
}

func TestOptionsAreBounded(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"an unknown peer":       {[]string{"-peers", "forebay,apache"}, `no peer is named "apache"`},
		"a peer twice":          {[]string{"-peers", "forebay,gunicorn,forebay"}, "named twice"},
		"an unknown scenario":   {[]string{"-scenarios", "index"}, `no application is named "index"`},
		"rounds without end":    {[]string{"-rounds", "1000"}, "-rounds: 1000"},
		"an hour a round":       {[]string{"-duration", "1h"}, "-duration: 1h0m0s"},
		"half a second of wrk":  {[]string{"-scenarios", "hello/wrk", "-duration", "1500ms"}, "whole seconds"},
		"more than all":         {[]string{"-rates", "200"}, "-rates: 200"},
		"no workers":            {[]string{"-workers", "0"}, "-workers: 0"},
		"going on with nothing": {[]string{"-resume"}, "-resume"},
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

func TestThePlanInWords(t *testing.T) {
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, "3 × 2s in turns, each after 300ms of warm-up; 1 × 2s at 50 % and 80 % of what each peer can do", got.Plan.String())
}
