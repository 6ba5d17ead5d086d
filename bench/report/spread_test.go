package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpread(t *testing.T) {
	cases := map[string]struct {
		values []float64
		want   Spread
	}{
		"one value":                              {[]float64{3}, Spread{3, 3, 3}},
		"the middle of three, in any order":      {[]float64{9, 1, 4}, Spread{4, 1, 9}},
		"an even number: between the middle two": {[]float64{8, 1, 4, 2}, Spread{3, 1, 8}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			values := append([]float64(nil), c.values...)
			assert.Equal(t, c.want, SpreadOf(values))
			assert.Equal(t, c.values, values, "the order of the rounds stays")
		})
	}
}

func TestSpreadFormat(t *testing.T) {
	assert.Equal(t, "4.00× (3.00–8.00)", Spread{4, 3, 8}.Format(2, "×"))
	assert.Equal(t, "8.0", Spread{8.01, 8.01, 8.01}.Format(1, ""))
}
