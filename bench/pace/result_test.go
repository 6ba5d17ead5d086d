package pace

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSummary(t *testing.T) {
	var result Result
	for i := range 200 {
		result.Note(time.Duration(200-i)*time.Millisecond, nil)
	}
	result.Note(time.Hour, errors.New("oops"))
	result.add(Result{Failed: map[string]int{"oops": 2, "ouch": 1}, Again: 3})
	assert.Equal(t, Summary{
		Answered: 200, P50: 100 * time.Millisecond, P99: 198 * time.Millisecond, Max: 200 * time.Millisecond,
		Failed: map[string]int{"oops": 3, "ouch": 1}, Again: 3,
	}, result.Summary())
	assert.Equal(t, 4, result.Summary().Failures())
	assert.Equal(t, Summary{}, Result{}.Summary())
}

func TestPercentile(t *testing.T) {
	cases := map[string]struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		"of one":            {[]time.Duration{7}, 99, 7},
		"the upper of two":  {[]time.Duration{1, 2}, 51, 2},
		"the lower of two":  {[]time.Duration{1, 2}, 50, 1},
		"the last of three": {[]time.Duration{1, 2, 3}, 100, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, percentile(c.values, c.p)) })
	}
}
