package shared

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit/redistest"
)

// fault is a way to fail, and to be well again.
type fault struct {
	fail func(*redistest.Redis, *redistest.Relay)
	heal func(*redistest.Redis, *redistest.Relay)
}

var faults = map[string]fault{
	"hangs (kill -STOP)": {
		func(r *redistest.Redis, _ *redistest.Relay) { r.Freeze() },
		func(r *redistest.Redis, _ *redistest.Relay) { r.Thaw() },
	},
	"dies (kill -9)": {
		func(r *redistest.Redis, _ *redistest.Relay) { r.Kill() },
		func(r *redistest.Redis, _ *redistest.Relay) { r.Restart() },
	},
	"is paused (CLIENT PAUSE)": {
		func(r *redistest.Redis, _ *redistest.Relay) { r.Do("CLIENT", "PAUSE", "600", "ALL") },
		func(*redistest.Redis, *redistest.Relay) {},
	},
	"is full (maxmemory)": {
		func(r *redistest.Redis, _ *redistest.Relay) { r.Do("CONFIG", "SET", "maxmemory", "1") },
		func(r *redistest.Redis, _ *redistest.Relay) { r.Do("CONFIG", "SET", "maxmemory", "0") },
	},
	"is a replica, read-only": {
		func(r *redistest.Redis, _ *redistest.Relay) { r.Do("REPLICAOF", "127.0.0.1", "1") },
		func(r *redistest.Redis, _ *redistest.Relay) { r.Do("REPLICAOF", "NO", "ONE") },
	},
	"is slow (50 ms)": {
		func(_ *redistest.Redis, r *redistest.Relay) { r.Delay(50 * time.Millisecond) },
		func(_ *redistest.Redis, r *redistest.Relay) { r.Delay(0) },
	},
	"is cut off without a word": {
		func(_ *redistest.Redis, r *redistest.Relay) { r.Drop(true) },
		func(_ *redistest.Redis, r *redistest.Relay) { r.Drop(false); r.Cut() },
	},
}

// TestFaults: each is found out, costs nobody more than redis_timeout, has one line when it comes and one when it goes.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			relay := redistest.NewRelay(t, redis.Socket)
			r := start(t, relay.URL(), func(c *config.Redis) { c.Timeout = 40 * time.Millisecond }) // the machine is busy
			r.await(true)
			failed := time.Now()
			f.fail(redis, relay)
			for deadline := time.Now().Add(patience); r.Up() && time.Now().Before(deadline); {
				_ = r.Do(r.take("x")) // the first ones find out
			}
			assert.False(t, r.Up())
			assert.Positive(t, r.Errors())
			assert.WithinRange(t, r.Since(), failed, time.Now())
			assert.Never(t, func() bool {
				_ = r.Do(r.take("x")) // they are not asked, so that they cannot find Redis well and lose it again and again
				return r.log.count("redis reached") > 2
			}, 200*time.Millisecond, 2*time.Millisecond)
			f.heal(redis, relay)
			r.await(true)
			require.Eventually(t, func() bool { return r.Do(r.take("x")) == nil }, patience, time.Millisecond)
			r.stop()
			lost := r.log.count("redis lost")
			assert.Positive(t, lost)
			assert.Equal(t, lost+1, r.log.count("redis reached"))
		})
	}
}

// TestWhatIsNoFault: nobody learns of it.
func TestWhatIsNoFault(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	relay := redistest.NewRelay(t, redis.Socket)
	r := start(t, relay.URL())
	r.await(true)
	redis.Do("SCRIPT", "FLUSH")
	assert.Equal(t, 3, r.left("x"))
	relay.Delay(5 * time.Millisecond)
	assert.Equal(t, 3, r.left("y"))
	assert.Zero(t, r.log.count("redis lost"))
}

// TestOneThatIsLateOnceIsNotLost: it takes a few in a row.
func TestOneThatIsLateOnceIsNotLost(t *testing.T) {
	h := health{failed: make(chan error, 1)}
	h.up.Store(true)
	for range 5 {
		h.note(context.DeadlineExceeded)
		h.note(context.DeadlineExceeded)
		h.note(nil)
	}
	assert.True(t, h.up.Load())
	for range late {
		h.note(context.DeadlineExceeded)
	}
	assert.False(t, h.up.Load())
}

// TestAServerThatIsNotThere: one line says so, however often it is tried, and it is found when it comes.
func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	redis.Kill()
	r := start(t, redis.URL())
	assert.ErrorIs(t, r.Do(r.take("x")), ErrDown)
	redis.Restart()
	r.await(true)
	assert.LessOrEqual(t, r.log.count("redis not reached"), 1)
	assert.Equal(t, 1, r.log.count("redis reached"))
}

func TestAPasswordThatIsWrong(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, "--requirepass", "s3cret")
	wrong := start(t, "unix://:other@"+redis.Socket)
	right := start(t, "unix://:s3cret@"+redis.Socket)
	right.await(true)
	assert.Eventually(t, func() bool { return wrong.log.count("redis not reached") == 1 }, patience, time.Millisecond)
	assert.Equal(t, 1, wrong.log.count("WRONGPASS"))
	assert.False(t, wrong.Up())
	assert.Zero(t, wrong.log.count("other"))
}
