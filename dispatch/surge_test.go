package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// quarter is what happens in one window: how many requests were taken out to run, how many were lost, and how many wait at
// its end.
type quarter struct{ started, lost, waits int }

// pass passes windows, of a queue of 100 whose requests may wait for ten seconds, and returns after which of them it is a
// surge.
func pass(quarters ...quarter) []bool {
	s := &share{size: 100, timeout: 10 * time.Second}
	now := time.Hour
	s.surge.arrive(now, s)
	var surges []bool
	for _, q := range quarters {
		now += surgeWindow
		s.queue.count = q.waits
		s.surge.started, s.surge.lost = q.started, q.lost
		s.surge.roll(now, s)
		surges = append(surges, s.surge.newestFirst())
	}
	return surges
}

func times(n int, q quarter) []quarter {
	var all []quarter
	for range n {
		all = append(all, q)
	}
	return all
}

func TestWhatASurgeIs(t *testing.T) {
	const no, yes = false, true
	cases := map[string]struct {
		quarters []quarter
		want     []bool
	}{
		"a long queue that keeps up":         {[]quarter{{100, 0, 99}, {100, 0, 99}, {100, 0, 98}, {100, 0, 99}}, []bool{no, no, no, no}},
		"a burst":                            {[]quarter{{10, 0, 90}, {10, 0, 80}, {10, 0, 70}}, []bool{no, no, no}},
		"requests are lost":                  {[]quarter{{100, 10, 50}, {100, 10, 50}}, []bool{no, yes}},
		"none is run, and some are lost":     {[]quarter{{0, 2, 50}, {0, 2, 50}}, []bool{no, yes}},
		"requests are lost now and then":     {[]quarter{{100, 10, 50}, {100, 0, 50}, {100, 10, 50}}, []bool{no, no, no}},
		"few of many are lost":               {[]quarter{{100, 5, 50}, {100, 5, 50}}, []bool{no, no}},
		"a client leaves, and another":       {[]quarter{{1, 1, 50}, {1, 1, 50}, {1, 1, 50}}, []bool{no, no, no}},
		"three times as many come as go":     {[]quarter{{20, 0, 60}, {20, 0, 100}}, []bool{no, yes}},
		"a queue that grows slowly":          {[]quarter{{20, 0, 60}, {20, 0, 79}, {20, 0, 98}}, []bool{no, no, no}},
		"one that grows, but is short":       {[]quarter{{5, 0, 10}, {5, 0, 20}, {5, 0, 30}}, []bool{no, no, no}},
		"one that grows, but drains at once": {[]quarter{{30, 0, 35}, {45, 0, 85}}, []bool{no, no}},
		"one that grows, and keeps up again": {[]quarter{{20, 0, 41}, {20, 0, 41}, {20, 0, 82}, {20, 0, 82}}, []bool{no, no, no, no}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, pass(c.quarters...)) })
	}
}

func TestWhenASurgeIsOver(t *testing.T) {
	grows := []quarter{{20, 0, 41}, {20, 0, 82}}
	loses := times(2, quarter{100, 20, 60})
	calm := quarter{100, 0, 60}
	cases := map[string]struct {
		quarters []quarter
		lasts    int // further windows
	}{
		"a queue that only grew has kept up for a second":  {append(grows, times(50, calm)...), 4},
		"all that waited when requests were lost has gone": {append(loses, times(50, calm)...), 40},
		"one more bad window makes it longer":              {append(append(loses, times(20, calm)...), append(loses[:1], times(50, calm)...)...), 61},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := pass(c.quarters...)
			require.True(t, got[1])
			for i, surges := range got[2:] {
				assert.Equal(t, i < c.lasts, surges, "window %d", i)
			}
		})
	}
}

func TestASurgeIsOverWhenTheQueueIsEmpty(t *testing.T) {
	p := newPlay(t, 1, 1)
	p.admit(config.NoPath)
	p.admit(config.NoPath)
	p.common.surge.ends = forever
	p.giveBack(0)
	p.admit(config.NoPath)
	assert.False(t, p.common.surge.newestFirst())
}

func TestInASurgeTheNewestComeFirst(t *testing.T) {
	p := newPlay(t, 1, 1)
	p.admit(config.NoPath)
	for range 4 {
		p.admit(config.NoPath)
	}
	oldest := p.common.queue.first
	p.common.surge.ends = forever
	last := forever
	for range 3 {
		p.giveBack(0)
		w := p.held[0].waiter
		assert.Less(t, w.since, last)
		last = w.since
	}
	assert.Same(t, oldest, p.common.queue.first)
	_, any := p.expire(oldest.since + p.common.timeout)
	assert.False(t, any, "what is too old is answered, all the same")
	assert.ErrorIs(t, oldest.err, ErrQueueTimeout)
	assert.Zero(t, p.common.surge.lost, "it was the surge that kept it waiting")
}

func TestRetryAfter(t *testing.T) {
	p := newPlay(t, 1, 4)
	for range 4 + 100 {
		p.admit(config.NoPath)
	}
	cases := map[string]struct {
		rate, average float64 // requests a second, seconds
		want          time.Duration
	}{
		"as fast as the queue drains":          {10, 0, 11 * time.Second},
		"at least a second":                    {1000, 0, time.Second},
		"at most a minute":                     {1, 0, time.Minute},
		"a queue that stands still":            {1e-300, 0, time.Minute},
		"from their time where none drained":   {0, 0.5, 13 * time.Second},
		"of nothing that is known it is short": {0, 0, time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p.common.surge.rate = c.rate
			p.pace.average.Store(int64(c.average * float64(time.Second)))
			var err *OverloadError
			require.ErrorAs(t, p.overload(p.common, ErrQueueFull), &err)
			assert.Equal(t, c.want, err.RetryAfter)
		})
	}
}

func TestRateAtWhichAQueueDrains(t *testing.T) {
	s := &share{size: 100, timeout: time.Minute}
	at := time.Hour
	s.surge.arrive(at, s)
	_, known := s.surge.drain(50)
	assert.False(t, known)
	for range 2 * 250 { // one each millisecond
		at += time.Millisecond
		s.surge.start(at, s)
	}
	drains, known := s.surge.drain(50)
	assert.True(t, known)
	assert.InDelta(t, 50*time.Millisecond, drains, float64(time.Millisecond))
	for range 20 { // and then none any more
		at += surgeWindow
		s.surge.lose(at, s)
	}
	drains, _ = s.surge.drain(50)
	assert.Greater(t, drains, time.Minute)
}
