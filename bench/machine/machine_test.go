package machine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseMachineTime(t *testing.T) {
	got, err := parseTime("cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3 4 5 6 7 8 9 9\n")
	require.NoError(t, err)
	assert.Equal(t, Time{busy: 810 * time.Millisecond, total: 5310 * time.Millisecond}, got, "guest times are not added again")
	for name, text := range map[string]string{"nothing": "", "one CPU": "cpu0 1 2 3 4 5 6 7 8 9", "words": "cpu a b c d e f g h i"} {
		t.Run(name, func(t *testing.T) {
			_, err := parseTime(text)
			assert.ErrorContains(t, err, "read /proc/stat")
		})
	}
}

func TestOthersShare(t *testing.T) {
	before := Time{busy: time.Second, total: 10 * time.Second}
	after := Time{busy: 7 * time.Second, total: 20 * time.Second}
	cases := map[string]struct {
		after Time
		ours  time.Duration
		want  float64
	}{
		"what is not ours is others'":        {after, 4 * time.Second, 0.2},
		"ticks coarser than ours are no one": {after, 7 * time.Second, 0},
		"no time has passed":                 {before, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.InDelta(t, c.want, OthersShare(before, c.after, c.ours), 1e-9)
		})
	}
}

func TestParseModel(t *testing.T) {
	assert.Equal(t, "AMD EPYC", parseModel("processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC\nmodel name\t: other\n"))
	assert.Equal(t, "unknown CPU", parseModel("processor\t: 0\n"))
}

func TestParsePSS(t *testing.T) {
	got, err := parsePSS("5614-7ffe ---p 00000000 00:00 0  [rollup]\nRss:   1620 kB\nPss:    310 kB\nPss_Dirty:  112 kB\n")
	require.NoError(t, err)
	assert.EqualValues(t, 310<<10, got)
	_, err = parsePSS("Rss:   1620 kB\n")
	assert.Error(t, err)
}
