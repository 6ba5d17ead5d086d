package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"time"
)

// Rate is how much of something there may be in a time. The zero Rate is none at all.
type Rate struct {
	// Count is how many in each Period; both are greater than 0.
	Count  int64
	Period time.Duration
	// Burst is how many at once after a pause. It is never 0.
	Burst int64
}

// Interval is the time from one to the next at the steady rate. It is a whole number of microseconds, as limits are
// counted in these: a rate of 30000/s is one of 30303/s.
func (r Rate) Interval() time.Duration {
	const unit = time.Microsecond
	period, count := int64(r.Period/unit), r.Count
	return time.Duration((period+count/2)/count) * unit
}

// Refill is the time in which what a burst has taken comes back.
func (r Rate) Refill() time.Duration { return time.Duration(r.Burst) * r.Interval() }

// periods are the names of the times that a rate may be for, the longest first.
var periods = []struct {
	name string
	time time.Duration
}{{"day", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}

// The bounds of a rate. Above the first, an interval has no whole microsecond; the second keeps sums of microseconds
// below 2^53, as Redis counts in floating point.
const (
	fastest       = 1_000_000 // a second
	longestRefill = 366 * 24 * time.Hour
	// mostDrift leaves all rates below 90000/s alone.
	mostDrift = 0.05
)

var ratePattern = regexp.MustCompile(`^\s*(\d{1,15})\s*/\s*(\d{0,9})\s*(s|sec|second|m|min|minute|h|hour|d|day)(?:\s+burst\s+(\d{1,15}))?\s*$`)

// parseRate reads COUNT/PERIOD, with a burst or without: "100/s", "5/min burst 10", "20/10s". Without one the burst is the
// count: all of it may come at once.
func parseRate(text, _ string) (any, error) {
	parts := ratePattern.FindStringSubmatch(text)
	if parts == nil {
		return nil, fmt.Errorf("want a rate such as \"100/s\", \"20/10s\" or \"5/min burst 10\", not %q", text)
	}
	var rate Rate
	rate.Count, _ = strconv.ParseInt(parts[1], 10, 64) // the pattern has digits only, and not too many
	rate.Burst = rate.Count
	if parts[4] != "" {
		rate.Burst, _ = strconv.ParseInt(parts[4], 10, 64)
	}
	rate.Period = periodOf(parts[3])
	if parts[2] != "" {
		n, _ := strconv.ParseInt(parts[2], 10, 64)
		if n > int64(longestRefill/rate.Period) {
			return nil, fmt.Errorf("want at most 366 days in a rate, not %q", text)
		}
		rate.Period *= time.Duration(n)
	}
	return rate, rate.check(text)
}

func periodOf(name string) time.Duration {
	for _, period := range periods {
		if period.name[0] == name[0] {
			return period.time
		}
	}
	return 0
}

func (r Rate) check(text string) error {
	switch {
	case r.Count == 0 || r.Burst == 0 || r.Period == 0:
		return fmt.Errorf("want more than nothing, not %q", text)
	case float64(r.Count) > fastest*r.Period.Seconds():
		return fmt.Errorf("want at most %d a second, not %q", fastest, text)
	case r.drift() > mostDrift:
		return fmt.Errorf("want a rate that whole microseconds make, such as %d/s, not %q", time.Second/r.Interval(), text)
	case float64(r.Burst)*r.Interval().Seconds() > longestRefill.Seconds():
		return fmt.Errorf("want a burst that comes back within 366 days, not %q", text)
	}
	return nil
}

// drift is the part by which the rate that Interval makes differs from the one that was asked for.
func (r Rate) drift() float64 {
	exact := float64(r.Period) / float64(r.Count)
	return math.Abs(exact/float64(r.Interval()) - 1)
}

func formatRate(value reflect.Value) string { return value.Interface().(Rate).String() }

// String is the rate as it may be written. The zero Rate is empty.
func (r Rate) String() string {
	if r == (Rate{}) {
		return ""
	}
	text := fmt.Sprintf("%d/%s", r.Count, periodText(r.Period))
	if r.Burst != r.Count {
		text += fmt.Sprintf(" burst %d", r.Burst)
	}
	return text
}

func periodText(period time.Duration) string {
	for _, unit := range periods {
		switch {
		case period == unit.time:
			return unit.name
		case period%unit.time == 0:
			return strconv.FormatInt(int64(period/unit.time), 10) + unit.name
		}
	}
	return period.String()
}
