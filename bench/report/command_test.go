package report

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
)

func TestOptions(t *testing.T) {
	var rounds int
	more := func(flags *flag.FlagSet) { flags.IntVar(&rounds, "rounds", 3, "") }
	o := Options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 4}}
	require.NoError(t, o.Parse("bench x", nil, more))
	assert.Equal(t, Options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 4, Python: "python3"}}, o)
	require.NoError(t, o.Parse("bench x", []string{"-json", "figures.json", "-workers", "3", "-rounds", "5"}, more))
	assert.Equal(t, "figures.json", o.JSON)
	assert.Equal(t, 3, o.Workers)
	assert.Equal(t, 5, rounds)
	assert.ErrorContains(t, o.Parse("bench x", []string{"word"}, more), `unexpected argument "word"`)
}

func TestCounts(t *testing.T) {
	assert.Equal(t, "0", Counts(nil))
	assert.Equal(t, "4 × connection reset, 1 × status 502", Counts(map[string]int{"status 502": 1, "connection reset": 4}))
}
