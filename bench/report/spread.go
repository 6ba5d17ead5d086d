package report

import (
	"fmt"
	"slices"
	"strconv"
)

// Spread is what is left of the same figure of several rounds. Five rounds say too little for more than this.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf returns the spread of at least one value.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// Format writes the spread with so many digits behind the point: one number alone where all rounds gave the same.
func (s Spread) Format(digits int, unit string) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	if number(s.Min) == number(s.Max) {
		return number(s.Median) + unit
	}
	return fmt.Sprintf("%s%s (%s–%s)", number(s.Median), unit, number(s.Min), number(s.Max))
}
