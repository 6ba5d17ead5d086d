package gcra

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func rate(count int64, period time.Duration, burst int64) config.Rate {
	return config.Rate{Count: count, Period: period, Burst: burst}
}

func TestNew(t *testing.T) {
	assert.Equal(t, Limit{Interval: 12_000_000, Burst: 120_000_000, Ceiling: 120_000_000}, New(rate(5, time.Minute, 10), 0))
	assert.Equal(t, Limit{Interval: 1000, Burst: 2000, Ceiling: 200_000}, New(rate(1000, time.Second, 2), 100))
	assert.Equal(t, New(rate(7, time.Minute, 3), 0), New(rate(7, time.Minute, 3), 1))
}

func TestShare(t *testing.T) {
	whole := New(rate(100, time.Second, 10), 5)
	cases := map[string]struct {
		nodes int
		want  Limit
	}{
		"nobody counted":  {0, whole},
		"alone":           {1, whole},
		"two":             {2, Limit{20_000, 100_000, 900_000}},
		"three":           {3, Limit{30_000, 90_000, 1_290_000}},
		"more than burst": {20, Limit{200_000, 200_000, 8_200_000}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, whole.Share(c.nodes)) })
	}
	assert.Equal(t, Limit{}, Limit{}.Share(2))
}

func TestABurstThenTheRate(t *testing.T) {
	l := New(rate(10, time.Second, 3), 0) // one each 100 ms
	tat := int64(0)
	take := func(now int64) bool {
		taken, level := l.Take(l.Level(tat, now), 1)
		tat = now + level
		return taken == 1
	}
	steps := []struct {
		now  int64
		want bool
	}{
		{0, true}, {0, true}, {0, true}, {0, false}, {99_999, false}, {100_000, true}, {100_000, false},
		{300_000, true}, {300_000, true}, {300_000, false}, {10_000_000, true}, {10_000_000, true}, {10_000_000, true}, {10_000_000, false},
	}
	for i, step := range steps {
		assert.Equal(t, step.want, take(step.now), "step %d", i)
	}
}

func TestWhatIsTold(t *testing.T) {
	l := New(rate(10, time.Second, 3), 10)
	cases := map[string]struct {
		level                int64
		left                 int64
		wait, drained, delay time.Duration
	}{
		"empty":            {0, 3, 0, 0, 0},
		"one taken":        {100_000, 2, 0, 100 * time.Millisecond, 0},
		"two":              {200_000, 1, 0, 200 * time.Millisecond, 100 * time.Millisecond},
		"a part has gone":  {199_999, 1, 0, 199_999 * time.Microsecond, 99_999 * time.Microsecond},
		"full":             {300_000, 0, 100 * time.Millisecond, 300 * time.Millisecond, 200 * time.Millisecond},
		"nearly one left":  {200_001, 0, time.Microsecond, 200_001 * time.Microsecond, 100_001 * time.Microsecond},
		"debt of its cost": {1_000_000, 0, 800 * time.Millisecond, time.Second, 900 * time.Millisecond},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.left, l.Left(c.level))
			assert.Equal(t, c.wait, l.Wait(c.level))
			assert.Equal(t, c.drained, l.Drained(c.level))
			assert.Equal(t, c.delay, l.Delay(c.level, 0))
			assert.Equal(t, c.delay, l.Delay(c.level, 1))
		})
	}
	assert.Zero(t, l.Delay(200_000, 2))
	assert.Equal(t, int64(3), l.Size())
}

// TestExtremes: the largest numbers that a configuration may have, and shares of them, do not overflow.
func TestExtremes(t *testing.T) {
	const year = 366 * 24 * time.Hour
	cases := map[string]struct {
		rate config.Rate
		cost int
	}{
		"the slowest":             {rate(1, year, 1), 1},
		"the largest burst":       {rate(1_000_000, time.Second, int64(year/time.Microsecond)), 0},
		"the largest burst, cost": {rate(1_000_000, time.Second, int64(year/time.Microsecond)), int(year / time.Microsecond)},
		"the largest cost":        {rate(1_000_000, time.Second, 1), int(year / time.Microsecond)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := New(c.rate, c.cost)
			const today = int64(60 * year / time.Microsecond)
			assert.GreaterOrEqual(t, l.Ceiling, l.Burst)
			assert.GreaterOrEqual(t, l.Ceiling, int64(c.cost)*l.Interval)
			assert.Less(t, today+l.Ceiling, int64(1)<<53, "Lua's numbers are exact up to there")
			for _, nodes := range []int{1, 2, 291, 10_000} {
				share := l.Share(nodes)
				for _, wait := range []time.Duration{share.Wait(share.Ceiling), share.Drained(share.Ceiling), share.Delay(share.Ceiling, 1)} {
					assert.GreaterOrEqual(t, wait, time.Duration(0), "%d nodes", nodes)
					assert.Positive(t, wait+time.Second-1, "rounded up to seconds")
				}
			}
		})
	}
}

func TestCharge(t *testing.T) {
	l := New(rate(10, time.Second, 3), 10)
	assert.Equal(t, int64(900_000), l.Charge(100_000, 8))
	assert.Equal(t, l.Ceiling, l.Charge(l.Ceiling, 1))
	assert.Equal(t, int64(0), l.Charge(100_000, -1))
	assert.Equal(t, int64(0), l.Charge(50_000, -1))
}

func TestAClockThatGoesBackLocksNobodyOut(t *testing.T) {
	l := New(rate(10, time.Second, 3), 0)
	assert.Equal(t, l.Ceiling, l.Level(3_600_000_000, 0))
}

// schedule asks at random moments, at most pause apart, and returns when units were granted, and the last moment.
func schedule(random *rand.Rand, l Limit, pause int64) (granted []int64, now int64) {
	var tat int64
	for range 300 {
		now += random.Int64N(pause)
		taken, level := l.Take(l.Level(tat, now), 1+random.Int64N(3))
		if taken > 0 {
			tat = now + level
		}
		for range taken {
			granted = append(granted, now)
		}
	}
	return granted, now
}

// TestTheRateIsKept: in each window there is at most the burst and what leaks out in it; and who never stops asking gets
// what leaks out.
func TestTheRateIsKept(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for range 80 {
		r := rate(1+random.Int64N(50), time.Duration(1+random.Int64N(100))*time.Second, 1+random.Int64N(20))
		l := New(r, 0)
		granted, _ := schedule(random, l, 3*l.Interval)
		for i := range granted {
			for j := i; j < len(granted); j++ {
				if most := r.Burst + (granted[j]-granted[i])/l.Interval; int64(j-i+1) > most {
					require.Failf(t, "too many", "%v: %d of %d in %d µs", r, j-i+1, most, granted[j]-granted[i])
				}
			}
		}
		granted, end := schedule(random, l, max(2, l.Interval/4))
		if r.Burst > 1 { // with a burst of one, what leaks out between two attempts is lost
			assert.GreaterOrEqual(t, int64(len(granted)), end/l.Interval, "%v: too few", r)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	l := New(rate(1000, time.Second, 100), 0)
	b.ReportAllocs()
	var tat, now int64
	for b.Loop() {
		now += 999
		_, level := l.Take(l.Level(tat, now), 1)
		tat = now + level
	}
}
