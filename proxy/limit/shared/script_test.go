package shared

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit/gcra"
	"forebay/proxy/limit/redistest"
)

// model is what the script does, in Go: buckets by package gcra, and requests in flight by when they expire.
type model struct {
	tats    map[string]int64
	flights map[string]map[int64]int64
}

func newModel() *model { return &model{map[string]int64{}, map[string]map[int64]int64{}} }

// run takes a call's steps at a time.
func (m *model) run(c *Call, now int64) {
	refused := false
	for i := range c.Steps {
		m.look(&c.Steps[i], now)
		refused = refused || (c.Steps[i].Granted == 0 && !c.Steps[i].Advisory)
	}
	for i := range c.Steps {
		s := &c.Steps[i]
		if refused {
			s.Granted = 0
		} else if s.Granted > 0 {
			m.take(s, now)
		}
	}
}

func (m *model) look(s *Step, now int64) {
	s.Granted, s.Level = 1, 0
	switch s.Kind {
	case KindCharge, KindRelease: // nothing is in their way
	case KindRate:
		s.Level = s.Rate.Level(m.tats[s.Key], now)
		s.Granted, _ = s.Rate.Take(s.Level, s.Most)
	case KindFlight:
		for id, until := range m.flights[s.Key] {
			if until <= now {
				delete(m.flights[s.Key], id)
			}
		}
		s.Level = int64(len(m.flights[s.Key]))
		if s.Level >= s.Most { // times that are too late are from before the clock went back
			maps.DeleteFunc(m.flights[s.Key], func(_, until int64) bool { return until > now+s.Expire.Microseconds() })
			s.Level = int64(len(m.flights[s.Key]))
		}
		if _, known := m.flights[s.Key][s.ID]; !known && s.Level >= s.Most {
			s.Granted = 0
		}
	}
}

func (m *model) take(s *Step, now int64) {
	switch s.Kind {
	case KindRate:
		m.set(s, now, s.Level+s.Granted*s.Rate.Interval)
	case KindCharge:
		m.set(s, now, s.Rate.Charge(s.Rate.Level(m.tats[s.Key], now), s.Most))
	case KindFlight:
		if m.flights[s.Key] == nil {
			m.flights[s.Key] = map[int64]int64{}
		}
		m.flights[s.Key][s.ID] = now + s.Expire.Microseconds()
		s.Level = int64(len(m.flights[s.Key]))
	case KindRelease:
		delete(m.flights[s.Key], s.ID)
	}
}

// set fills a bucket. An empty one is none: it makes a difference only when the clock goes back.
func (m *model) set(s *Step, now, level int64) {
	s.Level = level
	m.tats[s.Key] = now + level
	if level == 0 {
		delete(m.tats, s.Key)
	}
}

// randomCall is one to four steps of limits that have few keys, so that calls meet. A call has a key once.
func randomCall(random *rand.Rand) *Call {
	c := &Call{posted: true}
	for _, n := range random.Perm(len(limits))[:1+random.IntN(4)] {
		rate := limits[n]
		step := Step{Kind: Kind(random.IntN(4)), Rate: rate, Advisory: random.IntN(4) == 0}
		switch step.Kind {
		case KindRate:
			step.Key, step.Most = fmt.Sprint("rate ", n), 1+random.Int64N(3)
		case KindCharge:
			step.Key, step.Most = fmt.Sprint("rate ", n), random.Int64N(12)-2
		case KindFlight, KindRelease:
			step.Key, step.ID = fmt.Sprint("flight ", n), random.Int64N(8)
			step.Most, step.Expire = 3, time.Duration(1+random.Int64N(20))*10*time.Millisecond
		}
		c.Steps = append(c.Steps, step)
	}
	return c
}

var limits = []gcra.Limit{
	gcra.New(config.Rate{Count: 1000, Period: time.Second, Burst: 5}, 0),
	gcra.New(config.Rate{Count: 1_000_000, Period: time.Second, Burst: 1000}, 10),
	gcra.New(config.Rate{Count: 7, Period: time.Second, Burst: 1}, 0),
	gcra.New(config.Rate{Count: 5, Period: time.Minute, Burst: 10}, 100),
	gcra.New(config.Rate{Count: 1, Period: 366 * 24 * time.Hour, Burst: 1}, 0),
	gcra.New(config.Rate{Count: 3, Period: 100 * time.Second, Burst: 300}, 5),
}

// copyOf is a call with the same steps.
func copyOf(c *Call) *Call { return &Call{posted: true, Steps: append([]Step(nil), c.Steps...)} }

// TestGoAndLuaAgree on random schedules: the same steps at the same time have the same results. The time is Redis's own.
func TestGoAndLuaAgree(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test that can be repeated
		require.NoError(t, client.FlushAll(t.Context()).Err())
		m := newModel()
		for range 400 {
			b, calls := randomBatch(random)
			text, err := script.Run(t.Context(), client, b.keys, b.packed, "me").Text()
			require.NoError(t, err)
			require.NoError(t, b.decode(text))
			compare(t, m, b, calls)
		}
	}
}

// randomBatch is several calls, and the same once more for the model.
func randomBatch(random *rand.Rand) (*batch, []*Call) {
	b := &batch{}
	var calls []*Call
	for range 1 + random.IntN(5) {
		c := randomCall(random)
		b.calls = append(b.calls, c)
		calls = append(calls, copyOf(c))
	}
	b.encode()
	return b, calls
}

// compare holds the results of a batch against what the model makes of it at the time that Redis had.
func compare(t *testing.T, m *model, b *batch, calls []*Call) {
	t.Helper()
	for i, c := range calls {
		m.run(c, b.now)
		require.Equal(t, c.Steps, b.calls[i].Steps, "at %d", b.now)
	}
}

func replaceOnce(t *testing.T, text, before, after string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(text, before), before)
	return strings.Replace(text, before, after, 1)
}

// TestGoAndLuaAgreeOverTime: the time is the test's, so that a schedule may last for years and go back.
func TestGoAndLuaAgreeOverTime(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	source := replaceOnce(t, takeSource, "redis.call('TIME')", "{ARGV[3], ARGV[4]}")
	source = replaceOnce(t, source, "value / 1000", "1e9") // keys still expire by Redis's own time
	timed := redis.NewScript(source)
	random := rand.New(rand.NewPCG(1, 7)) //nolint:gosec // a test that can be repeated
	m := newModel()
	now := int64(1.8e15)
	for range 1500 {
		b, calls := randomBatch(random)
		text, err := timed.Run(t.Context(), client, b.keys, b.packed, "me", now/1e6, now%1e6).Text()
		require.NoError(t, err)
		require.NoError(t, b.decode(text))
		require.Equal(t, now, b.now)
		compare(t, m, b, calls)
		now += int64(math.Pow(10, random.Float64()*10))
		if random.IntN(100) == 0 {
			now -= 1e7
		}
	}
}
