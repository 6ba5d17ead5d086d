package shared

import (
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestACall(t *testing.T) {
	r := start(t, server(t).URL())
	r.await(true)
	assert.Equal(t, 3, r.left("a"))
	assert.Equal(t, 3, r.left("b"))
	c := r.take("a")
	require.NoError(t, r.Do(c))
	assert.Zero(t, c.Steps[0].Granted)
	assert.InDelta(t, hourly.Burst, c.Steps[0].Level, 1e6*patience.Seconds())

	c = r.take("c")
	c.Steps = append(c.Steps, r.take("a").Steps...)
	require.NoError(t, r.Do(c))
	assert.Zero(t, c.Steps[0].Granted, "all or none")
	c.Steps[1].Advisory = true
	require.NoError(t, r.Do(c))
	assert.Equal(t, int64(1), c.Steps[0].Granted)
	assert.Zero(t, c.Steps[1].Granted)
}

// TestTwoServersShare: what one has taken the other has not.
func TestTwoServersShare(t *testing.T) {
	redis := server(t)
	a, b := start(t, redis.URL()), start(t, redis.URL())
	a.await(true)
	b.await(true)
	require.NoError(t, a.Do(a.take("x")))
	assert.Equal(t, 2, b.left("x"))
	assert.Zero(t, a.left("x"))
}

// TestManyCallsAreFewCommands: what waits goes together. The server stands still while the calls come.
func TestManyCallsAreFewCommands(t *testing.T) {
	redis := server(t)
	r := start(t, redis.URL(), func(c *config.Redis) { c.Timeout = patience })
	r.await(true)
	redis.Do("CONFIG", "RESETSTAT")
	redis.Freeze()
	var all sync.WaitGroup
	const calls = 300
	for i := range calls {
		all.Go(func() { assert.NoError(t, r.Do(r.take(fmt.Sprint(i)))) })
	}
	require.Eventually(t, func() bool { return len(r.queue) > calls-3*r.cfg.Batch }, patience, time.Millisecond)
	redis.Thaw()
	all.Wait()
	stats := redis.Do("INFO", "commandstats").(string)
	match := regexp.MustCompile(`cmdstat_evalsha:calls=(\d+)`).FindStringSubmatch(stats)
	require.NotNil(t, match, stats)
	n, err := strconv.Atoi(match[1])
	require.NoError(t, err)
	assert.LessOrEqual(t, n, calls/10)
}

func TestNobodyWaitsInVain(t *testing.T) {
	redis := server(t)
	r := start(t, redis.URL(), brief, func(c *config.Redis) { c.Queue = 1 })
	assert.ErrorIs(t, idle(t, redis.URL()).Do(&Call{}), ErrDown, "it does not run yet")
	r.await(true)
	redis.Freeze()
	var all sync.WaitGroup
	var mu sync.Mutex
	errs := map[error]int{}
	longest := time.Duration(0)
	for i := range 100 {
		all.Go(func() {
			begun := time.Now()
			err := r.Do(r.take(fmt.Sprint(i)))
			mu.Lock()
			defer mu.Unlock()
			errs[err]++
			longest = max(longest, time.Since(begun))
		})
	}
	all.Wait()
	assert.Positive(t, errs[ErrBusy], "%v", errs)
	assert.Zero(t, errs[nil])
	assert.Less(t, longest, time.Second)
	for r.Up() {
		_ = r.Do(r.take("x")) // it is found out after a few
	}
	begun := time.Now()
	for range 1000 {
		assert.ErrorIs(t, r.Do(r.take("x")), ErrDown)
	}
	assert.Less(t, time.Since(begun), time.Second)
	assert.False(t, r.Post(r.take("x"), nil))
	redis.Thaw()
	r.await(true)
	assert.Equal(t, 3, r.left("y"))
}

// idle is a server that does not run.
func idle(t *testing.T, url string) *Server {
	t.Helper()
	cfg := config.Default().Redis
	cfg.URL = url
	s, err := New(cfg, nil)
	require.NoError(t, err)
	return s
}

func TestPosts(t *testing.T) {
	r := start(t, server(t).URL())
	r.await(true)
	results := make(chan Step, 1)
	require.True(t, r.Post(r.take("a"), func(c *Call, err error) {
		assert.NoError(t, err)
		results <- c.Steps[0]
	}))
	assert.Equal(t, int64(1), (<-results).Granted)
	charge := r.take("a")
	charge.Steps[0].Kind, charge.Steps[0].Most = KindCharge, -1
	require.True(t, r.Post(charge, nil))
	require.Eventually(t, func() bool {
		c := r.take("a")
		c.Steps[0].Kind, c.Steps[0].Most = KindCharge, 0 // it only looks
		require.NoError(t, r.Do(c))
		return c.Steps[0].Level == 0
	}, patience, time.Millisecond)
}

func TestProcessesAreCounted(t *testing.T) {
	redis := server(t)
	a := start(t, redis.URL())
	a.await(true)
	assert.Equal(t, 1, a.Nodes())
	b := start(t, redis.URL())
	b.await(true)
	assert.Equal(t, 2, b.Nodes())
	told := start(t, redis.URL(), func(c *config.Redis) { c.Nodes = 7 })
	told.await(true)
	assert.Equal(t, 7, told.Nodes(), "as was said")
	require.NoError(t, a.appear(t.Context()))
	assert.Equal(t, 3, a.Nodes())
	b.stop()
	told.stop()
	require.NoError(t, a.appear(t.Context()))
	assert.Equal(t, 1, a.Nodes())
}

// flight is a call for a place among two in flight.
func (r *running) flight(key string) *Call {
	return &Call{Steps: []Step{{
		Kind: KindFlight, Key: r.Key(KindFlight, "test", key), Most: 2, ID: r.NextID(), Expire: 3 * time.Second,
	}}}
}

func TestFlights(t *testing.T) {
	redis := server(t)
	a, b := start(t, redis.URL()), start(t, redis.URL())
	a.await(true)
	b.await(true)
	first, second, third := a.flight("x"), b.flight("x"), a.flight("x")
	require.NoError(t, a.Do(first))
	require.NoError(t, b.Do(second))
	require.NoError(t, a.Do(third))
	assert.Equal(t, []int64{1, 1, 0}, []int64{first.Steps[0].Granted, second.Steps[0].Granted, third.Steps[0].Granted})
	assert.Equal(t, int64(2), third.Steps[0].Level)
	b.Release(second.Steps[0].Key, second.Steps[0].ID)
	require.Eventually(t, func() bool {
		require.NoError(t, a.Do(third))
		return third.Steps[0].Granted == 1
	}, patience, time.Millisecond)
}

// TestFlightsThatLast are renewed, and those of a process that has died expire.
func TestFlightsThatLast(t *testing.T) {
	redis := server(t)
	r := start(t, redis.URL())
	r.await(true)
	held, lost := r.flight("held"), r.flight("lost")
	require.NoError(t, r.Do(held))
	require.NoError(t, r.Do(lost))
	r.Hold(held.Steps[0].Key, held.Steps[0].ID, held.Steps[0].Expire)
	count := func(c *Call) int64 { return redis.Do("ZCARD", c.Steps[0].Key).(int64) }
	require.Eventually(t, func() bool { return count(lost) == 0 }, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		r.flights.mu.Lock()
		defer r.flights.mu.Unlock()
		return r.flights.all[held.Steps[0].ID].until.After(time.Now())
	}, patience, 10*time.Millisecond)
	assert.Equal(t, int64(1), count(held))

	redis.Do("FLUSHALL")
	require.Eventually(t, func() bool { return count(held) == 1 }, patience, 10*time.Millisecond, "it comes back where it was lost")
	r.Release(held.Steps[0].Key, held.Steps[0].ID)
	require.Eventually(t, func() bool { return count(held) == 0 }, patience, 10*time.Millisecond)
	assert.Empty(t, r.flights.all)
}

func TestKeysOfAClusterHaveOneSlot(t *testing.T) {
	cases := map[string]struct{ prefix, url, want string }{
		"one server":           {"forebay:", "redis://a", "forebay:rate:x:y"},
		"a cluster":            {"forebay:", "redis://a?cluster=true", "{forebay}:rate:x:y"},
		"with a tag of theirs": {"shop{1}:", "redis://a?cluster=true", "shop{1}:rate:x:y"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default().Redis
			cfg.URL, cfg.Prefix = c.url, c.prefix
			s, err := New(cfg, nil)
			require.NoError(t, err)
			assert.Equal(t, c.want, s.Key(KindRate, "x", "y"))
		})
	}
}

func TestAServerThatCannotBe(t *testing.T) {
	cfg := config.Default().Redis
	cfg.URL = "http://a"
	_, err := New(cfg, nil)
	assert.ErrorContains(t, err, "want redis://")
}

func TestAnAnswerOfNobody(t *testing.T) {
	b := batch{calls: []*Call{{posted: true, Steps: make([]Step, 1)}}}
	require.True(t, b.encode())
	assert.ErrorContains(t, b.decode("short"), "the script's answer has 5 bytes and not 24")
}
