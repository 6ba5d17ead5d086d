package limits

import (
	"context"
	"fmt"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/proxy/limit/redistest"
)

// Fault is what becomes of requests while Redis fails in one way.
type Fault struct {
	Name string `json:"name"`
	Answers
	// Lost is how many lines of the log tell of it: one, or none where Redis was asked all the time.
	Lost int `json:"lost"`
}

// The limit of these measurements, and how many ask all the time: many more than it lets through.
const (
	faultRate, faultBurst = 200, 20
	askers                = 8
	askPause              = 4 * time.Millisecond
)

type fault struct {
	name       string
	fail, heal func()
}

func faultsOf(redis *redistest.Redis, relay *redistest.Relay, lasts time.Duration) []fault {
	nothing := func() {}
	return []fault{
		{"none", nothing, nothing},
		{"SCRIPT FLUSH", func() { redis.Do("SCRIPT", "FLUSH") }, nothing},
		{"kill -STOP, then -CONT", redis.Freeze, redis.Thaw},
		{"kill -9, then a new one", redis.Kill, redis.Restart},
		{"CLIENT PAUSE", func() { redis.Do("CLIENT", "PAUSE", lasts.Milliseconds(), "ALL") }, nothing},
		{"maxmemory reached", func() { redis.Do("CONFIG", "SET", "maxmemory", "1") }, func() { redis.Do("CONFIG", "SET", "maxmemory", "0") }},
		{"a read-only replica", func() { redis.Do("REPLICAOF", "127.0.0.1", "1") }, func() { redis.Do("REPLICAOF", "NO", "ONE") }},
		{"another password", func() { redis.Do("CONFIG", "SET", "requirepass", "x"); relay.Cut() }, func() { redis.Auth("x", "CONFIG", "SET", "requirepass", "") }},
		{"50 ms more each way", func() { relay.Delay(50 * time.Millisecond) }, func() { relay.Delay(0) }},
		{"what is sent is dropped", func() { relay.Drop(true) }, func() { relay.Drop(false); relay.Cut() }},
	}
}

// faults has Redis fail in all ways, one after the other, under a steady load.
func (b *bench) faults(ctx context.Context, redis *redistest.Redis, f *fixture) error {
	relay := redistest.NewRelay(f, redis.Socket)
	scenario := peer.Hello
	scenario.Config = fmt.Sprintf("redis = %q\n\n[[limit]]\nname = \"all\"\nkey = \"all\"\nrate = \"%d/s burst %d\"\nshared = \"strict\"\n",
		relay.URL(), faultRate, faultBurst)
	one, err := b.start(ctx, f, "forebay", "forebay, faults of Redis", scenario)
	if err != nil {
		return err
	}
	load := newLoad([]string{one.URL() + scenario.Path}, askers, askPause)
	defer load.stop()
	if err := awaitRedis(ctx, one); err != nil {
		return err
	}
	for _, fault := range faultsOf(redis, relay, b.opts.FaultDuration) {
		before, err := one.Log()
		if err != nil {
			return err
		}
		load.begin()
		fault.fail()
		if !wait(ctx, b.opts.FaultDuration) {
			return ctx.Err()
		}
		found := Fault{Name: fault.name, Answers: load.end()}
		after, err := one.Log()
		if err != nil {
			return err
		}
		found.Lost = strings.Count(after, "redis lost") - strings.Count(before, "redis lost")
		b.found.Faults = append(b.found.Faults, found)
		peer.Progress(fmt.Sprintf("%s: %d served, %d refused, %d failed, p99 %v", found.Name, found.Served, found.Refused, found.Failed, found.P99))
		fault.heal()
		if err := awaitRedis(ctx, one); err != nil {
			return fmt.Errorf("after %s: %w", fault.name, err)
		}
	}
	return nil
}

// recovery is how long it may take until Redis is used again.
const recovery = 30 * time.Second

// awaitRedis waits until the last line about Redis says that it was reached.
func awaitRedis(ctx context.Context, one peer.Peer) error {
	for until := time.Now().Add(recovery); time.Now().Before(until); {
		log, err := one.Log()
		if err != nil {
			return err
		}
		if strings.Count(log, "redis reached") > strings.Count(log, "redis lost") {
			return nil
		}
		if !wait(ctx, 10*time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("redis was not reached in %v", recovery)
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
