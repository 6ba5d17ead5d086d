// Package generator asks a server for answers, as fast as it gives them (a closed loop) or at a steady rate (an open loop),
// with as little work of its own as wrk: each of its loops is one thread and one epoll. Every answer is compared with the
// right one.
//
// In an open loop a latency counts from the moment at which the request was due and not from the moment at which it could be
// sent, so that a server that stalls is charged with every request that should have been answered meanwhile ("coordinated
// omission"). What is never answered is counted, too, with the time for which it waited.
package generator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"forebay/bench/client"
	"forebay/bench/histogram"
)

// Request is what is asked, and what has to be answered.
type Request struct {
	Method, Path, Body string
	Want               string
	// Aside leaves its latency out: it is only there to be in the way of the others.
	Aside bool
}

// Load is what is asked for, and how.
type Load struct {
	Address string // host:port of the server
	// Requests are asked for in turn.
	Requests []Request
	// Connections are open at the same time, each for one request at a time.
	Connections int
	// PerConnection is after how many requests a connection is closed, which the last of them says; 0 is never.
	PerConnection int
	// Rate is requests a second, of all connections together; 0 is as many as are answered.
	Rate float64
	// Warmup comes before the time that counts, at the same rate. The connections are made in it.
	Warmup   time.Duration
	Duration time.Duration
	// Patience is how long after the end answers are waited for: in an open loop to all that was due before it, and in a
	// closed loop to the first of all.
	Patience time.Duration
	// Loops are the threads that share the connections.
	Loops int
}

// Result is what became of the requests that count.
type Result struct {
	// Answered are those with the right answer, and PerSecond how many came in a second. All has those of the warm-up, too.
	Answered  int
	PerSecond float64
	All       int
	// Latency has those times of them that are not aside, and how long what is Unanswered has waited.
	Latency *histogram.Histogram
	// Failed counts by reason what had another answer or none.
	Failed map[string]int
	// Unanswered were due, and had not been answered when the patience ended.
	Unanswered int
	// Again is how many requests were sent a second time, as the server had just closed the connection.
	Again int
	// Lag is how late requests were sent although a connection was free: it is this program that was late then.
	Lag *histogram.Histogram
}

// Failures is how many requests failed in all, and those that were never answered.
func (r Result) Failures() int {
	total := r.Unanswered
	for _, n := range r.Failed {
		total += n
	}
	return total
}

func newResult() Result {
	return Result{Latency: &histogram.Histogram{}, Lag: &histogram.Histogram{}, Failed: map[string]int{}}
}

func (r *Result) fail(err error) { r.Failed[client.Reason(err)]++ }

func (r *Result) add(other Result) {
	r.Answered += other.Answered
	r.All += other.All
	r.PerSecond += other.PerSecond
	r.Unanswered += other.Unanswered
	r.Again += other.Again
	r.Latency.Merge(other.Latency)
	r.Lag.Merge(other.Lag)
	for why, n := range other.Failed {
		r.Failed[why] += n
	}
}

// Run makes the load and returns what became of it, after Warmup, Duration and Patience at the latest; earlier when ctx
// ends, with ctx's error.
func (l Load) Run(ctx context.Context) (Result, error) {
	if len(l.Requests) == 0 || l.Connections < 1 || l.Duration <= 0 {
		return Result{}, errors.New("generate a load: it has no requests, no connections or no time")
	}
	texts := l.texts()
	loops := min(max(l.Loops, 1), l.Connections)
	results, faults := make([]Result, loops), make([]error, loops)
	begin := time.Now()
	var running sync.WaitGroup
	for i := range loops {
		running.Go(func() { // ends with the load
			results[i], faults[i] = l.loop(ctx, texts, begin, i, loops)
		})
	}
	running.Wait()
	all := newResult()
	for i := range results {
		if faults[i] != nil {
			return Result{}, fmt.Errorf("load %s: %w", l.Address, faults[i])
		}
		all.add(results[i])
	}
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("load %s: %w", l.Address, context.Cause(ctx))
	}
	return all, nil
}

// due is when a request is due, counted from the begin of an open loop.
func (l Load) due(request int) time.Duration {
	return time.Duration(float64(request) / l.Rate * float64(time.Second))
}

// end is when no more requests are sent, counted from the begin.
func (l Load) end() time.Duration { return l.Warmup + l.Duration }

// text is a request as it is sent: on a connection that stays, and on one that does not.
type text struct{ stays, closes []byte }

func (l Load) texts() []text {
	texts := make([]text, 0, len(l.Requests))
	for _, request := range l.Requests {
		texts = append(texts, text{stays: l.bytes(request, ""), closes: l.bytes(request, "Connection: close\r\n")})
	}
	return texts
}

func (l Load) bytes(request Request, field string) []byte {
	size := ""
	if request.Body != "" {
		size = fmt.Sprintf("Content-Length: %d\r\n", len(request.Body))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n%s", request.Method, request.Path, l.Address, field, size, request.Body)
}
