package limits

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"forebay/bench/machine"
	"forebay/bench/peer"
	"forebay/bench/wrk"
	"forebay/proxy/limit/redistest"
)

// Cost is what one variant of a peer does under load.
type Cost struct {
	Peer    string `json:"peer"`
	Variant string `json:"variant"`
	Runs    []Run  `json:"runs"`
}

// Run is one run of it.
type Run struct {
	wrk.Result
	// CPU is what all processes of the peer used, without Redis.
	CPU time.Duration `json:"cpu_ns"`
}

// variant is a peer with a limit, or without.
type variant struct {
	peer, name string
	scenario   peer.Scenario
	refuses    bool
}

// plenty is a limit that refuses nothing, and hardly anything one that refuses all.
const (
	plenty         = "rate = \"1000000/s\""
	hardlyAnything = "rate = \"1/h\""
	zone           = "limit_req_zone %s zone=all:10m rate=%s;"
)

// marked is what is asked for where all is refused. nginx's limit then counts by the mark, which the first requests, until
// gunicorn is there, do not have.
const marked = "?limited=1"

func (b *bench) variants(redis string) []variant {
	forebay := func(name, rate, more string) variant {
		v := variant{peer: "forebay", name: name, scenario: peer.Hello, refuses: rate == hardlyAnything}
		// Each has a name of its own: the keys in Redis have it.
		v.scenario.Config = fmt.Sprintf("redis = %q\n\n[[limit]]\nname = %q\n%s\n%s", redis, slug(name), rate, more)
		return v
	}
	nginx := func(name, rate string, refuses bool) variant {
		v := variant{peer: "nginx+gunicorn", name: name, scenario: peer.Hello, refuses: refuses}
		v.scenario.NginxHTTP = fmt.Sprintf(zone, "$binary_remote_addr", rate)
		v.scenario.NginxLocation = "limit_req zone=all burst=1000000 nodelay; limit_req_status 429;"
		if refuses {
			v.scenario.NginxHTTP = fmt.Sprintf(zone, "$arg_limited", rate)
			v.scenario.NginxLocation = "limit_req zone=all; limit_req_status 429;"
		}
		return v
	}
	all := []variant{
		{peer: "forebay", name: "no limit", scenario: peer.Hello},
		forebay("a local limit", plenty, ""),
		forebay("shared, leases", plenty, "shared = \"lease\"\n"),
		forebay("shared, strict", plenty, "shared = \"strict\"\n"),
		forebay("all refused", hardlyAnything, ""),
		forebay("all refused, shared", hardlyAnything, "shared = \"strict\"\n"),
		{peer: "nginx+gunicorn", name: "no limit", scenario: peer.Hello},
		nginx("limit_req", "1000000r/s", false),
		nginx("limit_req, all refused", "1r/m", true),
	}
	return slices.DeleteFunc(all, func(v variant) bool { return !slices.Contains(b.opts.Peers, v.peer) })
}

// costs loads the variants in turn, so that a slow minute of the machine is shared by all.
func (b *bench) costs(ctx context.Context, redis *redistest.Redis, f *fixture) error {
	variants := b.variants(redis.URL())
	peers := make([]peer.Peer, len(variants))
	for i, v := range variants {
		var err error
		if peers[i], err = b.start(ctx, f, v.peer, fmt.Sprintf("%s, %s", v.peer, v.name), v.scenario); err != nil {
			return err
		}
		b.found.Costs = append(b.found.Costs, Cost{Peer: v.peer, Variant: v.name})
	}
	for round := range b.opts.Rounds {
		for i, v := range variants {
			run, err := b.load(ctx, peers[i], v)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", v.peer, v.name, err)
			}
			peer.Progress(fmt.Sprintf("round %d/%d: %s, %s: %.0f requests/s", round+1, b.opts.Rounds, v.peer, v.name, run.PerSecond))
			b.found.Costs[i].Runs = append(b.found.Costs[i].Runs, run)
		}
	}
	return nil
}

// load loads one variant, and holds it to what it is meant to do.
func (b *bench) load(ctx context.Context, one peer.Peer, v variant) (Run, error) {
	before, err := machine.ReadUsage(one.PIDs())
	if err != nil {
		return Run{}, err
	}
	result, err := b.opts.Load.Run(ctx, b.kit.Tools["wrk"], one.URL()+v.scenario.Path+marked)
	if err != nil {
		return Run{}, errors.Join(err, one.Alive())
	}
	after, err := machine.ReadUsage(one.PIDs())
	if err != nil {
		return Run{}, err
	}
	cpu, err := machine.CPUBetween(before, after)
	switch {
	case err != nil:
		return Run{}, err
	case v.refuses && result.NonOK < result.Requests-2:
		return Run{}, fmt.Errorf("%d of %d requests were served", result.Requests-result.NonOK, result.Requests)
	case !v.refuses && result.NonOK > 0:
		return Run{}, fmt.Errorf("%d of %d requests were refused", result.NonOK, result.Requests)
	}
	return Run{Result: result, CPU: cpu}, nil
}
