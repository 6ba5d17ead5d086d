package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sleeps tells a verdict of threads that are awake for so little of the time until the trial fails, and returns after how
// many looks that was.
func (v *verdict) sleeps(t *testing.T, part float64, now time.Duration) (looks int) {
	t.Helper()
	for looks = 1; !v.hear(part, tiny, now); looks++ {
		require.Less(t, looks, 100, "the trial does not fail")
	}
	return looks
}

func TestATrialGoesOnWhileThreadsAreAwake(t *testing.T) {
	var v verdict
	for now := range 1000 * time.Nanosecond {
		require.True(t, v.rests(now*watchLength))
		require.False(t, v.hear(0.8, tiny, now*watchLength))
	}
}

func TestATrialFailsWhereThreadsSleep(t *testing.T) {
	var v verdict
	assert.LessOrEqual(t, v.sleeps(t, 0.1, 7), 5)
	assert.False(t, v.rests(8))
	assert.False(t, v.rests(7+trialPause-1))
	assert.True(t, v.rests(7+trialPause))
	assert.False(t, v.hear(0, tiny, 8), "there is none to fail")
}

func TestAChangeIsNoticed(t *testing.T) {
	var v verdict
	for now := range 1000 * time.Nanosecond {
		require.False(t, v.hear(1, tiny, now))
	}
	assert.LessOrEqual(t, v.sleeps(t, 0.1, 1000), 5)
}

func TestPausesGrowUntilATrialGoesWell(t *testing.T) {
	var v verdict
	var now, last time.Duration
	for range 20 {
		now = v.until
		v.sleeps(t, 0, now)
		assert.GreaterOrEqual(t, v.until-now, min(last+1, trialPauses))
		last = v.until - now
	}
	assert.Equal(t, trialPauses, last)
	now = v.until
	v.hear(1, tiny, now)
	v.hear(1, tiny, now+last+1)
	v.sleeps(t, 0, now+last+1)
	assert.Equal(t, trialPause, v.until-(now+last+1))
}

func TestATrialFailsWhereManyAreSlow(t *testing.T) {
	var v verdict
	v.given(4 * lateLeast)
	for range lateLeast {
		v.slow(1)
	}
	assert.True(t, v.rests(1), "a quarter of them is not too many")
	v.slow(1)
	assert.False(t, v.rests(1))
}

func TestWhatARequestTakes(t *testing.T) {
	d := crew(t, nil, 1, 1)
	d.pace.average.Store(int64(time.Millisecond))
	assert.Equal(t, time.Millisecond, d.takes(), "nobody has been watched")
	d.verdict = verdict{awake: awakeMostly, cost: tiny, begun: 1000}
	assert.Equal(t, tiny, d.takes(), "the rest of the time it waits for a processor, or for us")
	d.verdict.late = 100
	assert.Equal(t, time.Millisecond, d.takes(), "some do sleep")
	d.verdict = verdict{awake: awakeMostly / 2, cost: tiny, begun: 1000}
	assert.Equal(t, time.Millisecond, d.takes(), "all of them do")
	d.verdict = verdict{awake: 1, cost: time.Hour, begun: 1000}
	assert.Equal(t, time.Millisecond, d.takes())
}
