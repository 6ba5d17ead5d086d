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
	"forebay/proxy/limit/redistest"
)

func TestACall(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
func (r *running) flight(key string, expire time.Duration) *Call {
	return &Call{Steps: []Step{{
		Kind: KindFlight, Key: r.Key(KindFlight, "test", key), Most: 2, ID: r.NextID(), Expire: expire,
	}}}
}

// fly takes a place that was asked for, and keeps it.
func (r *running) fly(c *Call) {
	r.t.Helper()
	require.NoError(r.t, r.Do(c))
	r.Hold(c.Steps[0].Key, c.Steps[0].ID, c.Steps[0].Expire)
}

// land gives it back.
func (r *running) land(c *Call) { r.Release(c.Steps[0].Key, c.Steps[0].ID, c.Steps[0].Expire) }

// inFlight waits until Redis counts so many.
func inFlight(t *testing.T, redis *redistest.Redis, c *Call, want int64) {
	t.Helper()
	require.Eventually(t, func() bool { return redis.Do("ZCARD", c.Steps[0].Key) == want }, patience, time.Millisecond)
}

func TestFlights(t *testing.T) {
	t.Parallel()
	redis := server(t)
	a, b := start(t, redis.URL()), start(t, redis.URL())
	a.await(true)
	b.await(true)
	first, second, third := a.flight("x", time.Hour), b.flight("x", time.Hour), a.flight("x", time.Hour)
	require.NoError(t, a.Do(first))
	require.NoError(t, b.Do(second))
	require.NoError(t, a.Do(third))
	assert.Equal(t, []int64{1, 1, 0}, []int64{first.Steps[0].Granted, second.Steps[0].Granted, third.Steps[0].Granted})
	assert.Equal(t, int64(2), third.Steps[0].Level)
	b.land(second)
	require.Eventually(t, func() bool {
		require.NoError(t, a.Do(third))
		return third.Steps[0].Granted == 1
	}, patience, time.Millisecond)
}

// TestFlightsThatLast are renewed, and those of a process that has died expire.
func TestFlightsThatLast(t *testing.T) {
	t.Parallel()
	redis := server(t)
	r := start(t, redis.URL())
	r.await(true)
	held, lost := r.flight("held", 300*time.Millisecond), r.flight("lost", 300*time.Millisecond)
	r.fly(held)
	require.NoError(t, r.Do(lost))
	inFlight(t, redis, lost, 0)
	inFlight(t, redis, held, 1)

	redis.Do("FLUSHALL")
	inFlight(t, redis, held, 1)
	r.land(held)
	inFlight(t, redis, held, 0)
	require.Eventually(t, func() bool { return len(r.flights.releases()) == 0 }, patience, time.Millisecond)
}

// TestARedisThatWasAway: it has lost what is in flight, knows what is not any more, and wakes up with what nobody waits for.
func TestARedisThatWasAway(t *testing.T) {
	t.Parallel()
	redis := server(t)
	r := start(t, redis.URL(), func(c *config.Redis) { c.Timeout = 100 * time.Millisecond })
	r.await(true)
	kept, ended, late := r.flight("kept", time.Hour), r.flight("ended", time.Hour), r.flight("late", time.Hour)
	r.fly(kept)
	r.fly(ended)
	redis.Do("DEL", kept.Steps[0].Key)
	redis.Freeze()
	require.Error(t, r.Do(late))
	for r.Up() {
		_ = r.Do(r.take("x")) // it is found out after a few
	}
	r.land(ended)
	redis.Thaw()
	r.await(true)
	inFlight(t, redis, kept, 1)
	inFlight(t, redis, ended, 0)
	inFlight(t, redis, late, 0)
}

// TestTheEndOfAProcessEndsItsFlights, and the last ones may not have been released yet.
func TestTheEndOfAProcessEndsItsFlights(t *testing.T) {
	t.Parallel()
	redis := server(t)
	r := start(t, redis.URL(), func(c *config.Redis) { c.Batch = 2 })
	r.await(true)
	var all []*Call
	for i := range 5 {
		all = append(all, r.flight(fmt.Sprint(i), time.Hour))
		r.fly(all[i])
	}
	r.land(all[0])
	r.stop()
	for _, call := range all {
		inFlight(t, redis, call, 0)
	}
}

// TestWhatRedisDoesNotHearOfIsBounded.
func TestWhatRedisDoesNotHearOfIsBounded(t *testing.T) {
	f := flights{all: map[int64]flight{}}
	for id := range int64(9) {
		f.all[id] = flight{}
		f.end("x", id, time.Hour, 4)
		f.end("x", id, time.Hour, 4)
	}
	assert.Len(t, f.all, 4)
	assert.False(t, f.held(0))
	for id := range int64(9) {
		f.forget(id)
	}
	assert.Empty(t, f.all)
	assert.Zero(t, f.over)
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
