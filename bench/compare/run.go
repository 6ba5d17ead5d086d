package compare

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"forebay/bench/gauge"
	"forebay/bench/generator"
	"forebay/bench/peer"
	"forebay/bench/wrk"
)

// Run is one run of one peer: what the client says, and what the machine says of it.
type Run struct {
	Answered  int     `json:"answered"`
	PerSecond float64 `json:"requests_per_second"`
	// All are the right answers with those of the warm-up, for which CPU time was used and switches were made, too.
	All int `json:"answered_with_warmup"`
	Latency
	// Failed counts by reason what had another answer or none.
	Failed map[string]int `json:"failed,omitempty"`
	// Unanswered were due and had not been answered when it was over, a second after the end.
	Unanswered int `json:"unanswered,omitempty"`
	// Again is how many requests were sent a second time, as the server had just closed the connection.
	Again int `json:"sent_again,omitempty"`
	// Lag is how late the client itself was at the 99th percentile, in an open loop.
	Lag time.Duration `json:"client_lag_p99_ns,omitempty"`
	gauge.Cost
	// Own is the CPU time of the client.
	Own time.Duration `json:"client_cpu_ns"`
}

// Latency has percentiles; 0 is unknown.
type Latency struct {
	P50  time.Duration `json:"p50_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// Failures is how many requests failed in all.
func (r Run) Failures() int {
	total := r.Unanswered
	for _, n := range r.Failed {
		total += n
	}
	return total
}

// Patience is how long after the end answers are waited for: to what was due at a steady rate, and to the first of all at
// full speed.
const (
	patience      = time.Second
	firstPatience = 10 * time.Second
)

// load is how the scenario is asked of a server, as fast as it can.
func (p Plan) load(s scenario, one peer.Peer) generator.Load {
	return generator.Load{
		Address: one.URL()[len("http://"):], Requests: s.requests, Connections: s.connections, PerConnection: s.perConnection,
		Warmup: p.Warmup, Duration: p.Duration, Patience: firstPatience, Loops: p.Loops,
	}
}

// generate loads a peer once.
func generate(ctx context.Context, load generator.Load, one peer.Peer) (Run, error) {
	var result generator.Result
	var own time.Duration
	cost, err := gauge.Around(one, func() (time.Duration, error) {
		before := ownTime()
		var err error
		result, err = load.Run(ctx)
		own = ownTime() - before
		return own, err
	})
	if err != nil {
		return Run{}, err
	}
	run := Run{
		Answered: result.Answered, PerSecond: result.PerSecond, All: result.All, Latency: latencyOf(result), Failed: result.Failed,
		Unanswered: result.Unanswered, Again: result.Again, Lag: result.Lag.Quantile(0.99), Cost: cost, Own: own,
	}
	if run.Answered == 0 && load.Rate == 0 {
		return run, fmt.Errorf("no right answer in %v: %v", load.Duration, result.Failed)
	}
	return run, nil
}

func latencyOf(result generator.Result) Latency {
	all := result.Latency
	return Latency{P50: all.Quantile(0.5), P99: all.Quantile(0.99), P999: all.Quantile(0.999), Max: all.Longest()}
}

// ownTime is the CPU time that this program has used.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // it cannot fail with these arguments
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// generateByWrk has wrk load a peer once.
func (p Plan) generateByWrk(ctx context.Context, program string, s scenario, one peer.Peer) (Run, error) {
	load := wrk.Load{Threads: min(p.Loops, s.connections), Connections: s.connections, Duration: p.Duration}
	got, err := load.Measure(ctx, program, one, s.requests[0].Path)
	if err != nil {
		return Run{}, err
	}
	run := Run{
		Answered: int(got.Requests - got.NonOK), PerSecond: got.PerSecond, All: int(got.Requests), Latency: Latency{P50: got.P50, P99: got.P99, Max: got.Max},
		Cost: got.Cost, Own: got.Own,
	}
	if failed := int(got.Errors + got.NonOK); failed > 0 {
		run.Failed = map[string]int{"as wrk counts": failed}
	}
	return run, nil
}
