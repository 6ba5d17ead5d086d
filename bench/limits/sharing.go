package limits

import (
	"context"
	"fmt"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/proxy/limit/redistest"
)

// Sharing is what processes that share a rate have let through.
type Sharing struct {
	How string `json:"how"`
	// Admitted and Refused are the answers of all processes.
	Admitted int `json:"admitted"`
	Refused  int `json:"refused"`
	// Exact is what the rate gives in the time: the burst, and what comes back meanwhile.
	Exact float64 `json:"exact"`
	// Bound is how many more or less the leases may make of it.
	Bound int           `json:"bound"`
	Took  time.Duration `json:"took_ns"`
	Lost  int           `json:"redis_lost"`
}

// sharings loads all processes at the same time, once for each way to share.
func (b *bench) sharings(ctx context.Context, redis *redistest.Redis, f *fixture) error {
	ways := []struct {
		name, config string
		bound        int
	}{
		{"strict", "shared = \"strict\"\n", 0},
		{"leases", fmt.Sprintf("shared = \"lease\"\nlease_size = %d\n", b.opts.Lease), b.opts.Processes * b.opts.Lease},
	}
	for _, way := range ways {
		redis.Do("FLUSHALL")
		err := withFixture(ctx, func(f *fixture) error {
			sharing, err := b.share(ctx, redis, f, way.name, way.config)
			sharing.Bound = way.bound
			b.found.Sharings = append(b.found.Sharings, sharing)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) share(ctx context.Context, redis *redistest.Redis, f *fixture, name, config string) (Sharing, error) {
	s := Sharing{How: name}
	scenario := peer.Hello
	scenario.Config = fmt.Sprintf("redis = %q\n\n[[limit]]\nname = \"all\"\nkey = \"all\"\nrate = \"%d/s burst %d\"\n%s",
		redis.URL(), b.opts.Rate, b.opts.Burst, config)
	var peers []peer.Peer
	for i := range b.opts.Processes {
		one, err := b.start(ctx, f, "forebay", fmt.Sprintf("forebay %d, %s", i+1, name), scenario)
		if err != nil {
			return s, err
		}
		peers = append(peers, one)
	}
	time.Sleep(time.Duration(float64(b.opts.Burst) / float64(b.opts.Rate) * float64(time.Second))) // the burst comes back
	if err := b.ask(ctx, &s, peers); err != nil {
		return s, err
	}
	for _, one := range peers {
		log, err := one.Log()
		if err != nil {
			return s, err
		}
		s.Lost += strings.Count(log, "redis lost")
	}
	peer.Progress(fmt.Sprintf("%s: %d of %.0f, and %d refused", name, s.Admitted, s.Exact, s.Refused))
	return s, nil
}

// ask asks all peers at the same time, for more than they may serve. What is exact is counted from the first request that
// was served to the last.
func (b *bench) ask(ctx context.Context, s *Sharing, peers []peer.Peer) error {
	var urls []string
	for _, one := range peers {
		urls = append(urls, one.URL()+peer.Hello.Path)
	}
	load := newLoad(urls, sharers, sharePause)
	defer load.stop()
	load.begin()
	if !wait(ctx, b.opts.SharingDuration) {
		return ctx.Err()
	}
	answers := load.end()
	if answers.Failed > 0 {
		return fmt.Errorf("%d requests failed", answers.Failed)
	}
	s.Admitted, s.Refused, s.Took = answers.Served, answers.Refused, load.last.Sub(load.first)
	s.Exact = float64(b.opts.Burst) + float64(b.opts.Rate)*s.Took.Seconds()
	return nil
}

// How many ask each process, and how long they wait in between.
const (
	sharers    = 8
	sharePause = 3 * time.Millisecond
)
