package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRates(t *testing.T) {
	checkReadings(t, rateKind, map[string]reading{
		"a second":          {text: "100/s", want: Rate{100, time.Second, 100}, shown: "100/s"},
		"a minute, a burst": {text: "5/min burst 10", want: Rate{5, time.Minute, 10}, shown: "5/min burst 10"},
		"the burst is said": {text: "5/min  burst 5", want: Rate{5, time.Minute, 5}, shown: "5/min"},
		"an hour":           {text: "1000/h", want: Rate{1000, time.Hour, 1000}, shown: "1000/h"},
		"a day":             {text: " 1 / day ", want: Rate{1, 24 * time.Hour, 1}, shown: "1/day"},
		"long names":        {text: "3/minute", want: Rate{3, time.Minute, 3}, shown: "3/min"},
		"short names":       {text: "3/m", want: Rate{3, time.Minute, 3}, shown: "3/min"},
		"several seconds":   {text: "20/10s", want: Rate{20, 10 * time.Second, 20}, shown: "20/10s"},
		"seconds that are minutes": {
			text: "20/120s", want: Rate{20, 2 * time.Minute, 20}, shown: "20/2min",
		},
		"the fastest":         {text: "1000000/s", want: Rate{1e6, time.Second, 1e6}, shown: "1000000/s"},
		"the slowest":         {text: "1/366d", want: Rate{1, 366 * 24 * time.Hour, 1}, shown: "1/366day"},
		"nothing":             {text: "", fault: `want a rate such as "100/s"`},
		"no time":             {text: "100", fault: "want a rate such as"},
		"none":                {text: "0/s", fault: "want more than nothing"},
		"no burst":            {text: "1/s burst 0", fault: "want more than nothing"},
		"in no time":          {text: "1/0s", fault: "want more than nothing"},
		"less than none":      {text: "-1/s", fault: "want a rate such as"},
		"a fraction":          {text: "0.5/s", fault: "want a rate such as"},
		"a week":              {text: "1/w", fault: "want a rate such as"},
		"too fast":            {text: "1000001/s", fault: "want at most 1000000 a second"},
		"between two":         {text: "700000/s", fault: `want a rate that whole microseconds make, such as 1000000/s, not "700000/s"`},
		"nearly one":          {text: "49000/s", want: Rate{49000, time.Second, 49000}, shown: "49000/s"},
		"too slow":            {text: "1/367d", fault: "want at most 366 days"},
		"a burst for ever":    {text: "1/day burst 367", fault: "comes back within 366 days"},
		"words after it":      {text: "1/s burst 2 nodelay", fault: "want a rate such as"},
		"more than is needed": {text: "9999999999999999/s", fault: "want a rate such as"},
	})
}

func TestIntervals(t *testing.T) {
	cases := map[string]time.Duration{
		"1000/s": time.Millisecond, "5/min": 12 * time.Second, "1000/h": 3600 * time.Millisecond, "1000000/s": time.Microsecond,
		"3/s": 333_333 * time.Microsecond, "7/s": 142_857 * time.Microsecond, "30000/s": 33 * time.Microsecond,
	}
	for text, want := range cases {
		rate, err := parseRate(text, "")
		require.NoError(t, err)
		assert.Equal(t, want, rate.(Rate).Interval(), text)
	}
}

func FuzzRate(f *testing.F) {
	for _, seed := range []string{"100/s", "5/min burst 10", "20/10s", "1/366d", "999999999999999/s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := parseRate(text, "")
		if err != nil {
			return
		}
		rate := value.(Rate)
		assert.Positive(t, rate.Interval())
		assert.LessOrEqual(t, rate.Refill(), 2*longestRefill)
		again, err := parseRate(rate.String(), "")
		require.NoError(t, err)
		assert.Equal(t, rate, again)
	})
}
