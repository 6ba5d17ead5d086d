package limit

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit/key"
	"forebay/proxy/limit/redistest"
	"forebay/python"
)

// patience bounds every wait of these tests: none comes near it unless something hangs.
const patience = 20 * time.Second

// node is one process of several that share limits.
type node struct {
	t       *testing.T
	limiter *Limiter
	limits  *Limits
	redis   config.Redis
}

// startNode runs a node until the end of the test, and waits until it has reached its Redis. Redis has more time than by
// default: the machine is busy with other tests.
func startNode(t *testing.T, url string, limits ...config.Limit) *node {
	t.Helper()
	n := &node{t: t, limiter: New(slog.New(slog.DiscardHandler)), redis: config.Default().Redis}
	n.redis.URL, n.redis.Timeout, n.redis.Retry = url, time.Second, 100*time.Millisecond
	n.use(limits...)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.limiter.Run(ctx) }() // ends by cancel
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	n.await(true)
	return n
}

func (n *node) use(limits ...config.Limit) {
	n.t.Helper()
	var err error
	n.limits, err = n.limiter.Prepare(Settings{config.Limiting{Keys: 1000, Delay: time.Minute, Delayed: 10}, n.redis, limits})
	require.NoError(n.t, err)
	n.limiter.Use(n.limits)
}

func (n *node) await(up bool) {
	n.t.Helper()
	require.Eventually(n.t, func() bool { return n.limits.server.Up() == up }, patience, time.Millisecond)
}

// passes asks so often, and returns how often that went well.
func (n *node) passes(times int, r *key.Request) int {
	passed := 0
	for range times {
		ticket := n.limits.Ask(r)
		if ticket.Err() == nil {
			passed++
		}
		ticket.Close()
	}
	return passed
}

// sharedLimit is so many an hour for all nodes together.
func sharedLimit(burst int64, change ...func(*config.Limit)) config.Limit {
	return limitOf("a", func(l *config.Limit) {
		l.Rate, l.Shared = config.Rate{Count: 1, Period: time.Hour, Burst: burst}, config.SharedStrict
		for _, c := range change {
			c(l)
		}
	})
}

// commands is how often Redis has run the script.
func commands(t *testing.T, redis *redistest.Redis) int {
	t.Helper()
	match := regexp.MustCompile(`cmdstat_evalsha:calls=(\d+)`).FindStringSubmatch(redis.Do("INFO", "commandstats").(string))
	if match == nil {
		return 0
	}
	n, err := strconv.Atoi(match[1])
	require.NoError(t, err)
	return n
}

func TestNodesShareARate(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a, b := startNode(t, redis.URL(), sharedLimit(5)), startNode(t, redis.URL(), sharedLimit(5))
	assert.Equal(t, 2, a.passes(2, from("192.0.2.1")))
	assert.Equal(t, 3, b.passes(9, from("192.0.2.1")))
	assert.Zero(t, a.passes(3, from("192.0.2.1")))
	assert.Equal(t, 1, a.passes(1, from("192.0.2.2")))
}

func TestManyAskAtOnce(t *testing.T) {
	redis := redistest.Start(t)
	nodes := []*node{startNode(t, redis.URL(), sharedLimit(100)), startNode(t, redis.URL(), sharedLimit(100))}
	var all sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for i := range 16 {
		all.Go(func() {
			n := nodes[i%2].passes(30, from("192.0.2.1"))
			mu.Lock()
			passed += n
			mu.Unlock()
		})
	}
	all.Wait()
	assert.Equal(t, 100, passed)
}

// TestARefusalIsRemembered: it costs no round trip to be refused again.
func TestARefusalIsRemembered(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), sharedLimit(2))
	n.passes(3, from("192.0.2.1"))
	redis.Do("CONFIG", "RESETSTAT")
	ticket := n.limits.Ask(from("192.0.2.1"))
	assert.Regexp(t, `^a (1h0m0s|59m5\d\..*s)\r\n.*\r\nRateLimit: "a";r=0;t=3600$`, describe(ticket))
	ticket.Close()
	assert.Zero(t, n.passes(1000, from("192.0.2.1")))
	assert.LessOrEqual(t, commands(t, redis), 1, "that this process is there")
}

// TestARefusalIsNotRememberedForLong: an operator takes the key out of Redis, and its client need not wait for an hour.
func TestARefusalIsNotRememberedForLong(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), sharedLimit(2))
	assert.Equal(t, 2, n.passes(3, from("192.0.2.1")))
	redis.Do("FLUSHALL")
	assert.Zero(t, n.passes(3, from("192.0.2.1")))
	n.limiter.begun = n.limiter.begun.Add(-recallTime) // as if that time had passed
	assert.Equal(t, 2, n.passes(3, from("192.0.2.1")))
}

func TestSeveralLimitsOfRedisAndHere(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(),
		sharedLimit(5),
		sharedLimit(4, func(l *config.Limit) { l.Name = "b" }),
		sharedLimit(3, func(l *config.Limit) { l.Name, l.Shared = "c", config.SharedNo }),
		sharedLimit(1, func(l *config.Limit) { l.Name, l.DryRun = "d", true }),
	)
	assert.Equal(t, 3, n.passes(9, from("192.0.2.1")))
	n.use(sharedLimit(5), sharedLimit(4, func(l *config.Limit) { l.Name = "b" }))
	assert.Equal(t, 1, n.passes(9, from("192.0.2.1")))
	n.use(sharedLimit(5))
	assert.Equal(t, 1, n.passes(9, from("192.0.2.1")), "what another limit refused has taken nothing")
}

func TestCostsAreShared(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	limit := sharedLimit(10, func(l *config.Limit) { l.Cost, l.CostMax = "x-cost", 100 })
	a, b := startNode(t, redis.URL(), limit), startNode(t, redis.URL(), limit)
	ticket := a.limits.Ask(from("192.0.2.1"))
	assert.Empty(t, ticket.TakeCost([]python.Field{{Name: []byte("X-Cost"), Value: []byte("7")}}))
	assert.Contains(t, describe(ticket), `RateLimit: "a";r=3;t=`)
	ticket.Close()
	require.Eventually(t, func() bool {
		other := b.limits.Ask(from("192.0.2.1"))
		defer other.Close()
		left, _ := other.holds[0].left()
		return left < 8
	}, patience, time.Millisecond)
	assert.LessOrEqual(t, b.passes(9, from("192.0.2.1")), 2)
}

func TestFlightsAreShared(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	limit := limitOf("c", func(l *config.Limit) { l.Concurrent, l.Shared = 2, config.SharedStrict })
	a, b := startNode(t, redis.URL(), limit), startNode(t, redis.URL(), limit)
	first, second, third := a.limits.Ask(from("192.0.2.1")), b.limits.Ask(from("192.0.2.1")), b.limits.Ask(from("192.0.2.1"))
	require.NoError(t, first.Err())
	require.NoError(t, second.Err())
	assert.Equal(t, lines("c 1s", `RateLimit-Policy: "c";q=2;qu="concurrent-requests"`, `RateLimit: "c";r=0`), describe(third))
	third.Close()
	first.Close()
	require.Eventually(t, func() bool { return b.passes(1, from("192.0.2.1")) == 1 }, patience, time.Millisecond)
	second.Close()
	for _, n := range []*node{a, b} {
		assert.Zero(t, n.limiter.Stats()[0].Keys)
	}
}

// TestOnError: what is done when Redis does not answer, of a limit of 8 that two processes share.
func TestOnError(t *testing.T) {
	t.Parallel()
	cases := map[config.OnError]int{config.OnErrorLocal: 4, config.OnErrorAllow: 20, config.OnErrorDeny: 0}
	for choice, want := range cases {
		t.Run(string(choice), func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			limit := sharedLimit(8, func(l *config.Limit) { l.OnError = choice })
			startNode(t, redis.URL(), limit)
			n := startNode(t, redis.URL(), limit)
			redis.Kill()
			require.Eventually(t, func() bool { n.passes(1, from("198.51.100.1")); return !n.limits.server.Up() }, patience, time.Millisecond)
			assert.Equal(t, want, n.passes(20, from("192.0.2.1")))
			assert.GreaterOrEqual(t, n.limiter.Stats()[0].Alone, int64(20))
			if choice != config.OnErrorLocal {
				return // the rest is the same for all
			}
			redis.Restart()
			n.await(true)
			assert.Equal(t, 8, n.passes(20, from("192.0.2.1")), "it has come back, and knows nothing")
		})
	}
}

// TestTheLocalLimiterIsWarm: what Redis has granted counts when this process has to decide.
func TestTheLocalLimiterIsWarm(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), sharedLimit(8))
	assert.Equal(t, 5, n.passes(5, from("192.0.2.1")))
	redis.Kill()
	require.Eventually(t, func() bool { n.passes(1, from("198.51.100.1")); return !n.limits.server.Up() }, patience, time.Millisecond)
	assert.Equal(t, 3, n.passes(20, from("192.0.2.1")))
}

// TestNothingIsLeftHereEither: what others have used counts, too, when this process has to decide.
func TestNothingIsLeftHereEither(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a, b := startNode(t, redis.URL(), sharedLimit(8)), startNode(t, redis.URL(), sharedLimit(8))
	assert.Equal(t, 8, a.passes(8, from("192.0.2.1")))
	assert.Zero(t, b.passes(1, from("192.0.2.1")))
	redis.Kill()
	require.Eventually(t, func() bool { b.passes(1, from("198.51.100.1")); return !b.limits.server.Up() }, patience, time.Millisecond)
	b.limiter.begun = b.limiter.begun.Add(-time.Hour) // one has come back, of which the half is ours
	assert.Zero(t, b.passes(8, from("192.0.2.1")))
	b.limiter.begun = b.limiter.begun.Add(-time.Hour)
	assert.Equal(t, 1, b.passes(8, from("192.0.2.1")))
}

func TestFlightsWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	limit := limitOf("c", func(l *config.Limit) { l.Concurrent, l.Shared = 4, config.SharedStrict })
	startNode(t, redis.URL(), limit)
	n := startNode(t, redis.URL(), limit)
	held := n.limits.Ask(from("192.0.2.1"))
	require.NoError(t, held.Err())
	redis.Kill()
	require.Eventually(t, func() bool { n.passes(1, from("198.51.100.1")); return !n.limits.server.Up() }, patience, time.Millisecond)
	second, third := n.limits.Ask(from("192.0.2.1")), n.limits.Ask(from("192.0.2.1"))
	assert.NoError(t, second.Err())
	assert.Error(t, third.Err(), "its share is two, and one was there before")
	for _, ticket := range []*Ticket{held, second, third} {
		ticket.Close()
	}
	assert.Zero(t, n.limiter.Stats()[0].Keys)
}

// leased is a limit of which up to 10 are taken in advance.
func leased(burst int64) config.Limit {
	return sharedLimit(burst, func(l *config.Limit) { l.Shared, l.LeaseSize, l.LeaseTime = config.SharedLease, 10, time.Hour })
}

// TestLeases: a busy key costs few round trips, and exactly what there is is granted.
func TestLeases(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), leased(1000))
	redis.Do("CONFIG", "RESETSTAT")
	passed := 0
	require.Eventually(t, func() bool { // more may be on its way
		passed += n.passes(100, from("192.0.2.1"))
		return passed >= 1000
	}, patience, time.Millisecond)
	assert.Equal(t, 1000, passed)
	assert.Zero(t, n.passes(100, from("192.0.2.1")))
	assert.Less(t, commands(t, redis), 400)
}

// TestLeasesAreBounded: a process never has more in advance than it may, however many ask at once.
func TestLeasesAreBounded(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), leased(100_000))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				n.passes(1, from("192.0.2.1"))
				held(t, n)
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return n.passes(1, from("192.0.2.1")) == 1 && held(t, n) > 0 }, patience, time.Millisecond)
}

// held is how much the node has taken in advance for 192.0.2.1.
func held(t *testing.T, n *node) int64 {
	r := n.limits.rules[0]
	ticket := newTicket(n.limits)
	defer ticket.Close()
	ticket.add(r, from("192.0.2.1"))
	entry := r.state.leases.Get(ticket.holds[0].hash, n.limiter.now())
	assert.LessOrEqual(t, entry.Value.units, int64(10))
	assert.GreaterOrEqual(t, entry.Value.units, int64(0))
	return entry.Value.units
}

// TestAKeyThatIsSeldomSeenTakesNothingInAdvance.
func TestAKeyThatIsSeldomSeenTakesNothingInAdvance(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), sharedLimit(8, func(l *config.Limit) {
		l.Shared, l.LeaseSize, l.LeaseTime = config.SharedLease, 4, time.Millisecond
	}))
	for i := range 4 {
		assert.Equal(t, 1, n.passes(1, from("192.0.2.1")))
		now := n.limiter.now()
		require.Eventually(t, func() bool { return n.limiter.now() > now+1000 }, patience, time.Millisecond)
		assert.Zero(t, held(t, n), i)
	}
	assert.LessOrEqual(t, n.passes(20, from("192.0.2.1")), 4)
}

func TestALeaseIsGivenBack(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), leased(1000), limitOf("b", func(l *config.Limit) { l.Rate, l.Delay = rateOf(1, 100), 1 }))
	n.passes(70, from("192.0.2.1"))
	before := held(t, n)
	for range 5 { // they would have to wait for more than a minute
		assert.Zero(t, n.passes(1, from("192.0.2.1")))
	}
	assert.GreaterOrEqual(t, held(t, n), before)
}

func TestRedisFollowsAReload(t *testing.T) {
	t.Parallel()
	first, second := redistest.Start(t), redistest.Start(t)
	n := startNode(t, first.URL(), sharedLimit(3))
	assert.Equal(t, 3, n.passes(9, from("192.0.2.1")))
	before := n.limits
	n.use(sharedLimit(3), limitOf("b", func(l *config.Limit) { l.Rate = rateOf(100, 100) }))
	assert.Same(t, before.server, n.limits.server)
	before.server.Expect(3)
	n.redis.URL = second.URL()
	n.use(sharedLimit(4))
	assert.Equal(t, 3, n.limits.server.Nodes(), "until the other one has counted them")
	n.await(true)
	assert.Equal(t, 4, n.passes(9, from("192.0.2.1")))
	require.Eventually(t, func() bool { return !before.server.Up() }, patience, time.Millisecond)
	ticket := before.Ask(from("192.0.2.9"))
	assert.NoError(t, ticket.Err(), "an earlier request goes on without it")
	ticket.Close()
	n.use()
	assert.Nil(t, n.limits.server)
	n.redis.URL = "nowhere"
	_, err := n.limiter.Prepare(Settings{config.Limiting{Keys: 1}, n.redis, []config.Limit{sharedLimit(1)}})
	assert.ErrorContains(t, err, "want redis://")
}

// TestAFieldIsNoCookie: two processes, or an old and a new configuration, may count by different things under one name.
func TestAFieldIsNoCookie(t *testing.T) {
	redis := redistest.Start(t)
	by := func(kind config.KeyKind) config.Limit {
		return sharedLimit(1, func(l *config.Limit) {
			l.Key = config.LimitKey{Parts: []config.KeyPart{{{Kind: kind, Name: "k"}}}}
		})
	}
	field, cookie := startNode(t, redis.URL(), by(config.KeyHeader)), startNode(t, redis.URL(), by(config.KeyCookie))
	r := &key.Request{Path: []byte("/"), Fields: []python.Field{{Name: []byte("k"), Value: []byte("v")}, {Name: []byte("cookie"), Value: []byte("k=v")}}}
	assert.Equal(t, 1, field.passes(2, r))
	assert.Equal(t, 1, cookie.passes(2, r))
}

// TestNoValueOfAClientIsInRedis: keys are hashed before they leave the process.
func TestNoValueOfAClientIsInRedis(t *testing.T) {
	redis := redistest.Start(t)
	n := startNode(t, redis.URL(), sharedLimit(3, func(l *config.Limit) {
		l.Key = config.LimitKey{Parts: []config.KeyPart{{{Kind: config.KeyHeader, Name: "x-api-key"}}}}
	}))
	r := &key.Request{Addr: netip.MustParseAddr("192.0.2.1"), Path: []byte("/"), Fields: []python.Field{{Name: []byte("X-Api-Key"), Value: []byte("s3cret")}}}
	n.passes(1, r)
	keys := fmt.Sprint(redis.Do("KEYS", "*"))
	assert.Regexp(t, `forebay:rate:a:[A-Za-z0-9_-]{22}\b`, keys)
	assert.NotContains(t, keys, "s3cret")
}
