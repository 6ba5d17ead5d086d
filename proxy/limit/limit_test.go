package limit

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit/key"
	"forebay/python"
)

// rateOf is so many a second, and a burst.
func rateOf(count, burst int64) config.Rate {
	return config.Rate{Count: count, Period: time.Second, Burst: burst}
}

// limitOf is a limit of a name, changed.
func limitOf(name string, change func(*config.Limit)) config.Limit {
	limit := config.DefaultLimit()
	limit.Name = name
	change(&limit)
	return limit
}

// bench is limits with what a test needs to ask them.
type bench struct {
	t       *testing.T
	limiter *Limiter
	limits  *Limits
	log     bytes.Buffer
}

func newBench(t *testing.T, limits ...config.Limit) *bench {
	t.Helper()
	b := &bench{t: t}
	log := slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	b.limiter = New(log)
	b.reload(limits...)
	return b
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func (b *bench) reload(limits ...config.Limit) {
	b.t.Helper()
	var err error
	b.limits, err = b.limiter.Prepare(Settings{Limiting: config.Limiting{Keys: 1000, Delay: 10 * time.Second, Delayed: 2}, Limits: limits})
	require.NoError(b.t, err)
	b.limiter.Use(b.limits)
}

// from is a request of an address.
func from(addr string) *key.Request {
	return &key.Request{Addr: netip.MustParseAddr(addr), Method: []byte("GET"), Path: []byte("/")}
}

// ask asks and returns the ticket's fields, as lines, after the refusal if it is one.
func (b *bench) ask(r *key.Request) string {
	b.t.Helper()
	t := b.limits.Ask(r)
	if t == nil {
		return "free"
	}
	defer t.Close()
	return describe(t)
}

func describe(t *Ticket) string {
	text := ""
	status := 200
	if t.refused() {
		status = t.refusal.Status
		text = t.refusal.Limit + " " + t.refusal.Retry.String() + "\r\n"
	}
	if t.Delay() > 0 {
		text += "after " + t.Delay().String() + "\r\n"
	}
	return strings.TrimSuffix(string(t.AppendFields([]byte(text), status)), "\r\n")
}

func lines(texts ...string) string { return strings.Join(texts, "\r\n") }

func TestARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("api", func(l *config.Limit) { l.Rate = rateOf(2, 2) }))
		const policy = `RateLimit-Policy: "api";q=2;w=1`
		assert.Equal(t, lines(policy, `RateLimit: "api";r=1;t=1`), b.ask(from("::1")))
		assert.Equal(t, lines(policy, `RateLimit: "api";r=0;t=1`), b.ask(from("::1")))
		assert.Equal(t, lines("api 500ms", policy, `RateLimit: "api";r=0;t=1`), b.ask(from("::1")))
		assert.Equal(t, lines(policy, `RateLimit: "api";r=1;t=1`), b.ask(from("192.0.2.1")), "somebody else")
		time.Sleep(499 * time.Millisecond)
		assert.Equal(t, lines("api 1ms", policy, `RateLimit: "api";r=0;t=1`), b.ask(from("::1")))
		time.Sleep(time.Millisecond)
		assert.Equal(t, lines(policy, `RateLimit: "api";r=0;t=1`), b.ask(from("::1")))
		assert.Equal(t, []Stat{{Name: "api", Passed: 4, Refused: 2, Keys: 1}}, b.limiter.Stats())
	})
}

func TestWhatIsTold(t *testing.T) {
	minute := config.Rate{Count: 5, Period: time.Minute, Burst: 10}
	cases := map[string]struct {
		limit config.Limit
		want  string
	}{
		"a burst above the rate": {
			limitOf("a", func(l *config.Limit) { l.Rate = minute }),
			lines(`RateLimit-Policy: "a";q=10;w=120`, `RateLimit: "a";r=9;t=12`),
		},
		"a burst below the rate": {
			limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1000, 10) }),
			lines(`RateLimit-Policy: "a";q=1000;w=1`, `RateLimit: "a";r=9;t=1`),
		},
		"legacy fields": {
			limitOf("a", func(l *config.Limit) { l.Rate, l.Headers = minute, config.HeadersLegacy }),
			lines("X-RateLimit-Limit: 10", "X-RateLimit-Remaining: 9", "X-RateLimit-Reset: 12"),
		},
		"both": {
			limitOf("a", func(l *config.Limit) { l.Concurrent, l.Headers = 3, config.HeadersBoth }),
			lines(`RateLimit-Policy: "a";q=3;qu="concurrent-requests"`, `RateLimit: "a";r=2`,
				"X-RateLimit-Limit: 3", "X-RateLimit-Remaining: 2", "X-RateLimit-Reset: 0"),
		},
		"nothing":   {limitOf("a", func(l *config.Limit) { l.Rate, l.Headers = minute, config.HeadersNone }), ""},
		"a dry run": {limitOf("a", func(l *config.Limit) { l.Rate, l.DryRun = minute, true }), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { assert.Equal(t, c.want, newBench(t, c.limit).ask(from("::1"))) })
		})
	}
}

func TestARedirectionTellsNobodyToWait(t *testing.T) {
	b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 1) }), limitOf("b", func(l *config.Limit) { l.Rate = rateOf(9, 9) }))
	ticket := b.limits.Ask(from("::1"))
	defer ticket.Close()
	assert.NotContains(t, string(ticket.AppendFields(nil, 302)), "r=0")
	assert.Contains(t, string(ticket.AppendFields(nil, 302)), `RateLimit: "b";r=8`)
	assert.Contains(t, string(ticket.AppendFields(nil, 304)), `RateLimit: "a";r=0;t=1, "b";r=8`)
}

// TestAllOrNone: what one limit refuses takes nothing of the others.
func TestAllOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t,
			limitOf("slow", func(l *config.Limit) { l.Rate = rateOf(1, 3) }),
			limitOf("flight", func(l *config.Limit) { l.Concurrent = 1 }),
			limitOf("fast", func(l *config.Limit) { l.Rate = rateOf(100, 1) }),
		)
		policies := `RateLimit-Policy: "slow";q=3;w=3, "flight";q=1;qu="concurrent-requests", "fast";q=100;w=1`
		assert.Equal(t, lines(policies, `RateLimit: "slow";r=2;t=1, "flight";r=0, "fast";r=0;t=1`), b.ask(from("::1")))
		for range 3 {
			assert.Equal(t, lines("fast 10ms", policies, `RateLimit: "fast";r=0;t=1`), b.ask(from("::1")))
		}
		time.Sleep(10 * time.Millisecond)
		held := b.limits.Ask(from("::1"))
		require.NoError(t, held.Err())
		time.Sleep(10 * time.Millisecond)
		for range 3 {
			assert.Equal(t, lines("flight 1s", policies, `RateLimit: "flight";r=0`), b.ask(from("::1")))
		}
		held.Close()
		assert.Equal(t, lines(policies, `RateLimit: "slow";r=0;t=1, "flight";r=0, "fast";r=0;t=1`), b.ask(from("::1")))
		assert.Zero(t, b.limits.rules[1].state.flights.len())
		time.Sleep(10 * time.Millisecond)
		assert.Contains(t, b.ask(from("::1")), "slow 9")
	})
}

func TestRefusalsOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t,
			limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 1) }),
			limitOf("b", func(l *config.Limit) { l.Rate, l.Status = config.Rate{Count: 1, Period: time.Minute, Burst: 1}, 503 }),
		)
		b.ask(from("::1"))
		ticket := b.limits.Ask(from("::1"))
		defer ticket.Close()
		assert.Equal(t, &Refusal{Limit: "a", Status: 429, Retry: time.Minute}, ticket.Err())
		assert.Equal(t, int64(60), ticket.refusal.Seconds())
		assert.ErrorContains(t, ticket.Err(), "refused by the limit a")
	})
}

func TestWhoIsUnderALimit(t *testing.T) {
	b := newBench(t, limitOf("a", func(l *config.Limit) {
		l.Rate, l.Allow, l.Deny = rateOf(1, 1), []string{"10.0.0.0/8", "::ffff:192.0.2.1"}, []string{"10.1.0.0/16", "203.0.113.0/24", "2001:db8::/32"}
		l.Paths, l.Methods = []string{"/a"}, []string{"POST"}
		l.Key = config.LimitKey{Parts: []config.KeyPart{{{Kind: config.KeyHeader, Name: "k"}}}}
	}))
	request := func(addr, method, path string) *key.Request {
		r := from(addr)
		r.Method, r.Path, r.Fields = []byte(method), []byte(path), []python.Field{{Name: []byte("K"), Value: []byte("v")}}
		return r
	}
	cases := map[string]struct {
		request *key.Request
		want    string // how the answer begins
	}{
		"under it":         {request("198.51.100.1", "POST", "/a/b"), "RateLimit-Policy"},
		"another method":   {request("198.51.100.1", "GET", "/a/b"), "free"},
		"another path":     {request("198.51.100.1", "POST", "/b"), "free"},
		"an allowed one":   {request("10.2.0.1", "POST", "/a"), "free"},
		"an address":       {request("192.0.2.1", "POST", "/a"), "free"},
		"allow beats deny": {request("10.1.0.1", "POST", "/a"), "free"},
		"denied":           {request("203.0.113.9", "POST", "/a"), "a 0s"},
		"denied, IPv6":     {request("2001:db8::5%eth0", "POST", "/a"), "a 0s"},
		"denied, but not here": {
			request("203.0.113.9", "POST", "/b"), "free",
		},
		"without a key": {&key.Request{Addr: netip.MustParseAddr("::1"), Method: []byte("POST"), Path: []byte("/a")}, "free"},
		"nobody known":  {&key.Request{Method: []byte("POST"), Path: []byte("/a")}, "free"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.True(t, strings.HasPrefix(b.ask(c.request), c.want), b.ask(c.request))
		})
	}
	ticket := b.limits.Ask(request("203.0.113.9", "POST", "/a"))
	assert.Equal(t, &Refusal{Limit: "a", Status: 403}, ticket.Err())
	ticket.Close()
}

func TestADenyListAlone(t *testing.T) {
	b := newBench(t, limitOf("a", func(l *config.Limit) { l.Deny = []string{"::1"} }))
	assert.Equal(t, "a 0s", b.ask(from("::1")))
	assert.Equal(t, "free", b.ask(from("::2")))
}

func TestADryRunRefusesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t,
			limitOf("dry", func(l *config.Limit) { l.Rate, l.DryRun, l.Delay = rateOf(1, 1), true, 0 }),
			limitOf("nobody", func(l *config.Limit) { l.Deny, l.DryRun = []string{"::1"}, true }),
			limitOf("real", func(l *config.Limit) { l.Rate = rateOf(1, 8) }),
		)
		for range 8 {
			assert.NotContains(t, b.ask(from("::1")), "dry")
		}
		assert.Contains(t, b.ask(from("::1")), "real 1s")
		stats := b.limiter.Stats()
		assert.Equal(t, Stat{Name: "dry", Passed: 1, Spared: 7, Keys: 1}, stats[0])
		assert.Equal(t, Stat{Name: "nobody", Spared: 9}, stats[1])
		assert.Equal(t, 1, strings.Count(b.log.String(), `msg="limit would refuse" limit=dry requests=1`+"\n"), b.log.String())
		time.Sleep(5 * time.Second)
		b.ask(from("::1"))
		b.ask(from("::1"))
		assert.Contains(t, b.log.String(), `msg="limit would refuse" limit=dry requests=7`+"\n")
		assert.Contains(t, b.log.String(), `level=INFO msg="limit would deny" limit=nobody requests=1`+"\n")
	})
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate, l.Delay, l.Headers = rateOf(10, 4), 2, config.HeadersNone }))
		var waiting []*Ticket
		for _, want := range []string{"", "", "after 100ms", "after 200ms", "a 100ms"} {
			ticket := b.limits.Ask(from("::1"))
			waiting = append(waiting, ticket)
			assert.Equal(t, want, describe(ticket))
		}
		assert.Equal(t, "a 100ms", b.ask(from("::2")), "the same /64")
		assert.Empty(t, b.ask(from("192.0.2.1")), "somebody else")
		for _, ticket := range waiting {
			ticket.Waited()
			ticket.Close()
		}
		assert.Zero(t, b.limiter.delayed.Load())
		assert.Equal(t, int64(2), b.limiter.Stats()[0].Delayed)
	})
}

// TestFewMayWait: when others hold all places of those that wait, one that would have to is refused, and has taken nothing.
func TestFewMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate, l.Delay, l.Headers = rateOf(10, 9), 1, config.HeadersNone }))
		first, second, third := b.limits.Ask(from("::1")), b.limits.Ask(from("::1")), b.limits.Ask(from("::1"))
		assert.Equal(t, "after 200ms", describe(third))
		assert.Equal(t, "a 300ms", b.ask(from("::1")))
		second.Waited()
		assert.Equal(t, "after 300ms", b.ask(from("::1")))
		for _, ticket := range []*Ticket{first, second, third} {
			ticket.Close()
		}
		assert.Zero(t, b.limiter.delayed.Load())
	})
}

func TestCosts(t *testing.T) {
	field := func(value string) []python.Field {
		return []python.Field{{Name: []byte("A"), Value: []byte("1")}, {Name: []byte("X-COST"), Value: []byte(value)}, {Name: []byte("B")}, {Name: []byte("x-cost"), Value: []byte("9")}}
	}
	cases := map[string]struct {
		cost string
		left string // of 10, after it
	}{
		"one":              {"1", "r=9;t=1"},
		"several":          {"4", "r=6;t=4"},
		"nothing":          {"0", "r=10"},
		"all":              {"10", "r=0;t=1"},
		"more than all":    {"15", "r=0;t=6"},
		"more than may be": {"999999999999999999999999", "r=0;t=11"},
		"no number":        {"many", "r=9;t=1"},
		"less than none":   {"-1", "r=9;t=1"},
		"a fraction":       {"1.5", "r=9;t=1"},
		"empty":            {"", "r=9;t=1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate, l.Cost, l.CostMax = rateOf(1, 10), "X-Cost", 20 }))
				ticket := b.limits.Ask(from("::1"))
				defer ticket.Close()
				fields := ticket.TakeCost(field(c.cost))
				require.Len(t, fields, 2)
				assert.Equal(t, "B", string(fields[1].Name))
				assert.Equal(t, lines(`RateLimit-Policy: "a";q=10;w=10`, `RateLimit: "a";`+c.left), describe(ticket))
			})
		})
	}
	t.Run("of no limit", func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 10) }))
		ticket := b.limits.Ask(from("::1"))
		defer ticket.Close()
		assert.Len(t, ticket.TakeCost(field("5")), 4)
	})
}

// TestACostIsPaidOff: units above the burst are a debt, and the rate holds on average.
func TestACostIsPaidOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate, l.Cost, l.CostMax = rateOf(10, 2), "x-cost", 100 }))
		served := 0
		for range 1000 { // 10 s
			ticket := b.limits.Ask(from("::1"))
			if ticket.Err() == nil {
				served++
				ticket.TakeCost([]python.Field{{Name: []byte("X-Cost"), Value: []byte("20")}})
			}
			ticket.Close()
			time.Sleep(10 * time.Millisecond)
		}
		assert.InDelta(t, 100/20, served, 1)
	})
}

// TestManyCostsAtOnce: each request of a burst may cost the most, and all of it has to be paid off.
func TestManyCostsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate, l.Cost, l.CostMax = rateOf(10, 10), "x-cost", 100 }))
		units := 0
		for range 50 { // seconds
			var burst []*Ticket
			for range 20 {
				burst = append(burst, b.limits.Ask(from("::1")))
			}
			for _, ticket := range burst {
				if ticket.Err() == nil {
					units += 100
					ticket.TakeCost([]python.Field{{Name: []byte("X-Cost"), Value: []byte("100")}})
				}
				ticket.Close()
			}
			time.Sleep(time.Second)
		}
		assert.InDelta(t, 50*10, units, 10*100)
	})
}

func TestAReloadKeepsWhatWasCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 1) })
		c := limitOf("c", func(l *config.Limit) { l.Concurrent = 1 })
		b := newBench(t, a, c)
		held := b.limits.Ask(from("::1"))
		a2 := a
		a2.Name = "other"
		b.reload(c, a2, a)
		assert.Equal(t, "a", b.limits.rules[0].Name, "locks are taken in the order in which states were made")
		assert.Contains(t, b.ask(from("::1")), "c 1s")
		held.Close()
		assert.Contains(t, b.ask(from("::1")), "a 1s")
		b.reload()
		assert.False(t, b.limits.Any())
		assert.Equal(t, "free", b.ask(from("::1")))
		assert.Empty(t, b.limiter.Stats())
	})
}

// TestAReloadThatChangesALimit keeps what was counted as long as keys mean the same.
func TestAReloadThatChangesALimit(t *testing.T) {
	cases := map[string]struct {
		change func(*config.Limit)
		want   string // how the next answer begins
	}{
		"a tighter rate":      {func(l *config.Limit) { l.Rate = config.Rate{Count: 1, Period: time.Minute, Burst: 1} }, "a 1s"},
		"a larger burst":      {func(l *config.Limit) { l.Rate.Burst = 3 }, "RateLimit"},
		"the same and a list": {func(l *config.Limit) { l.Deny = []string{"192.0.2.1"} }, "a 1s"},
		"other paths":         {func(l *config.Limit) { l.Paths, l.Status = []string{"/"}, 420 }, "a 1s"},
		"another key":         {func(l *config.Limit) { l.Key = config.LimitKey{Parts: []config.KeyPart{{{Kind: config.KeyAll}}}} }, "RateLimit"},
		"another prefix":      {func(l *config.Limit) { l.IPv6Prefix = 48 }, "RateLimit"},
		"another name":        {func(l *config.Limit) { l.Name = "b" }, "RateLimit"},
		"no rate any more":    {func(l *config.Limit) { l.Rate, l.Concurrent = config.Rate{}, 1 }, "RateLimit"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 1) })
				b := newBench(t, limit)
				b.ask(from("::1"))
				time.Sleep(time.Microsecond)
				c.change(&limit)
				b.reload(limit)
				got := b.ask(from("::1"))
				assert.True(t, strings.HasPrefix(got, strings.Replace(c.want, "a 1s", "a 999.999ms", 1)), got)
			})
		})
	}
	t.Run("of what is in flight", func(t *testing.T) {
		limit := limitOf("a", func(l *config.Limit) { l.Concurrent = 3 })
		b := newBench(t, limit)
		first, second := b.limits.Ask(from("::1")), b.limits.Ask(from("::1"))
		limit.Concurrent = 2
		b.reload(limit)
		assert.Contains(t, b.ask(from("::1")), "a 1s")
		first.Close()
		assert.NotContains(t, b.ask(from("::1")), "a 1s")
		second.Close()
		assert.Zero(t, b.limiter.Stats()[0].Keys)
	})
}

// TestReloadsUnderLoad: limits of several configurations are asked at the same time, and nothing is lost or counted twice.
func TestReloadsUnderLoad(t *testing.T) {
	rate := limitOf("a", func(l *config.Limit) { l.Rate = config.Rate{Count: 1, Period: time.Hour, Burst: 200} })
	flight := limitOf("b", func(l *config.Limit) { l.Concurrent = 3 })
	b := newBench(t, rate, flight)
	var passed, flying atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				ticket := b.limiter.current.Load().Ask(from("::1"))
				if ticket.Err() == nil {
					passed.Add(1)
					assert.LessOrEqual(t, flying.Add(1), int64(4))
					flying.Add(-1)
				}
				ticket.Close()
			}
		})
	}
	for i := range 40 {
		rate.Deny, flight.Concurrent = []string{fmt.Sprintf("192.0.2.%d", i)}, 3+i%2
		limits := [][]config.Limit{{rate, flight}, {flight, rate}}
		b.reload(limits[i%2]...)
	}
	all.Wait()
	assert.LessOrEqual(t, passed.Load(), int64(200))
	assert.Equal(t, passed.Load(), b.limiter.Stats()[0].Passed)
	assert.Zero(t, b.limits.rules[1].state.flights.len())
}

func TestMemoryIsTidied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1, 1) }), limitOf("c", func(l *config.Limit) { l.Concurrent = 1 }))
		ctx := t.Context()
		var running sync.WaitGroup
		stopped := make(chan struct{})
		running.Go(func() {
			defer close(stopped)
			assert.NoError(t, b.limiter.Run(ctx))
		})
		b.ask(from("::1"))
		assert.Equal(t, 1, b.limiter.Stats()[0].Keys)
		time.Sleep(2 * tidyInterval)
		assert.Equal(t, 0, b.limiter.Stats()[0].Keys)
	})
}

// TestManyAtOnce: with and without reloads in between, never more than the burst passes, and all is given back.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t,
		limitOf("a", func(l *config.Limit) { l.Rate = config.Rate{Count: 1, Period: time.Hour, Burst: 50} }),
		limitOf("b", func(l *config.Limit) { l.Rate = config.Rate{Count: 1, Period: time.Hour, Burst: 60} }),
		limitOf("c", func(l *config.Limit) { l.Concurrent = 3 }),
	)
	var all sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	order := []config.Limit{b.limits.rules[2].Limit, b.limits.rules[1].Limit, b.limits.rules[0].Limit}
	for range 8 {
		limits, err := b.limiter.Prepare(Settings{Limiting: config.Limiting{Keys: 1000}, Limits: order})
		require.NoError(t, err)
		all.Go(func() {
			for range 500 {
				ticket := limits.Ask(from("::1"))
				if ticket.Err() == nil {
					mu.Lock()
					passed++
					mu.Unlock()
				}
				ticket.Close()
			}
		})
	}
	all.Wait()
	assert.Equal(t, 50, passed)
	for _, r := range b.limits.rules[:2] {
		e := r.state.buckets.Open(maphashOf(b, r), 0)
		assert.InDelta(t, 50*r.rate.Interval, e.Until, float64(r.rate.Interval)/100, r.Name)
		r.state.buckets.Close(maphashOf(b, r))
	}
	assert.Zero(t, b.limits.rules[2].state.flights.len())
}

// maphashOf is the place of ::1 in a rule's table.
func maphashOf(b *bench, r *rule) uint64 {
	ticket := newTicket(b.limits)
	defer ticket.Close()
	ticket.add(r, from("::1"))
	return ticket.holds[0].hash
}

func TestNothingIsAllocated(t *testing.T) {
	b := newBench(t, manyLimits()...)
	r := from("192.0.2.1")
	fields := make([]byte, 0, 1000)
	most := 0.0
	if raceDetector() {
		most = 1 // a pool then drops some of what it is given
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		ticket := b.limits.Ask(r)
		ticket.AppendFields(fields, 200)
		ticket.Close()
	}), most)
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func manyLimits() []config.Limit {
	return []config.Limit{
		limitOf("a", func(l *config.Limit) { l.Rate = rateOf(1000, 1000) }),
		limitOf("b", func(l *config.Limit) { l.Rate = rateOf(1, 1) }),
		limitOf("c", func(l *config.Limit) { l.Concurrent = 1 }),
	}
}

func BenchmarkAsk(b *testing.B) {
	for name, limits := range map[string][]config.Limit{"no limit holds": {limitOf("a", func(l *config.Limit) { l.Rate, l.Paths = rateOf(1, 1), []string{"/api"} })}, "a rate": manyLimits()[:1], "refused": manyLimits()[1:2], "three": manyLimits()} {
		b.Run(name, func(b *testing.B) {
			set, err := New(slog.New(slog.DiscardHandler)).Prepare(Settings{Limiting: config.Default().Limiting, Limits: limits})
			require.NoError(b, err)
			addr := netip.MustParseAddr("192.0.2.1").As4()
			r := from("192.0.2.1")
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				addr[2], addr[3] = byte(i>>8), byte(i)
				r.Addr = netip.AddrFrom4(addr)
				if t := set.Ask(r); t != nil {
					t.Close()
				}
			}
		})
	}
}
