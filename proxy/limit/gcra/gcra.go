// Package gcra is the arithmetic of rate limits: the generic cell rate algorithm, which is a leaky bucket that needs one
// number for each key.
//
// That number is the theoretical arrival time (TAT): when all that was taken has leaked out. Times are whole
// microseconds. The script that Redis runs has the same arithmetic (proxy/limit/shared/take.lua), and a test compares them.
package gcra

import (
	"math"
	"time"

	"forebay/config"
)

// Limit is a rate limit in the terms of the algorithm, in microseconds.
type Limit struct {
	// Interval is the time in which one unit leaks out.
	Interval int64
	// Burst is the time in which a full bucket leaks out: its size times Interval.
	Burst int64
	// Ceiling is the most that a bucket may hold. It is more than Burst where the cost of a request is known only after
	// it: such a cost is taken in any case, and the next requests wait until it has leaked out. There is room for a burst
	// of requests of which each costs the most: who sends many at once must not get a part of it for nothing.
	Ceiling int64
}

// New makes the Limit of a rate. cost is the most that one request may be worth; 0 is 1.
func New(rate config.Rate, cost int) Limit {
	interval := rate.Interval().Microseconds()
	burst := rate.Burst * interval
	most := max(1, min(int64(cost), highest/burst))
	return Limit{Interval: interval, Burst: burst, Ceiling: max(burst*most, int64(cost)*interval)}
}

// highest is the ceiling of the longest debts. A configuration's bursts and costs are of a year at most each, so that with
// the time of day, sums are still below 2^53 microseconds.
const highest = int64(2 * 366 * 24 * time.Hour / time.Microsecond)

// Share is the part of l that each of n processes has: an n-th of the rate, and an n-th of the burst but at least one. The
// zero Limit stays what it is.
func (l Limit) Share(n int) Limit {
	if n <= 1 || l.Interval == 0 {
		return l
	}
	size := max(1, l.Burst/l.Interval/int64(n))
	over := (l.Ceiling - l.Burst) / l.Interval
	interval := l.Interval * int64(n)
	return Limit{Interval: interval, Burst: size * interval, Ceiling: (size + over) * interval}
}

// Level is how full a bucket with that TAT is.
func (l Limit) Level(tat, now int64) int64 { return min(max(tat-now, 0), l.Ceiling) }

// Take takes up to most units, as many as there is room for, and returns how many and the level after it. The TAT is then
// now + level.
func (l Limit) Take(level, most int64) (taken, after int64) {
	taken = max(0, min(most, (l.Burst-level)/l.Interval))
	return taken, level + taken*l.Interval
}

// Charge takes units whether there is room or not, and gives back where they are negative. It returns the level after it.
func (l Limit) Charge(level, units int64) int64 {
	return min(max(level+units*l.Interval, 0), l.Ceiling)
}

// Left is how many units there is room for.
func (l Limit) Left(level int64) int64 { return max(0, (l.Burst-level)/l.Interval) }

// Size is how many units an empty bucket has room for.
func (l Limit) Size() int64 { return l.Burst / l.Interval }

// Wait is the time until there is room for a unit.
func (l Limit) Wait(level int64) time.Duration {
	return duration(level + l.Interval - l.Burst)
}

// Drained is the time until the bucket is empty.
func (l Limit) Drained(level int64) time.Duration { return duration(level) }

// Delay is how long the unit that was taken last has to wait, so that after the first free ones of a burst the others go
// on at the rate.
func (l Limit) Delay(level, free int64) time.Duration {
	return duration(level - max(1, free)*l.Interval)
}

// duration is at least 0, and at most what can be rounded up to seconds: the share that one of very many processes has of a
// rate may be slower than a time.Duration can say.
func duration(microseconds int64) time.Duration {
	const most = (math.MaxInt64 - int64(time.Second)) / int64(time.Microsecond)
	return time.Duration(min(max(0, microseconds), most)) * time.Microsecond
}
