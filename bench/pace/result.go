package pace

import (
	"slices"
	"time"

	"forebay/bench/client"
)

// Result is what became of the requests of a load.
type Result struct {
	// Latencies are those of the requests that were answered rightly, from the moment each was due; in no order.
	Latencies []time.Duration `json:"-"`
	// Failed counts the others by what went wrong.
	Failed map[string]int `json:"failed"`
	// Again is how many requests were sent a second time, as the server had just closed the connection.
	Again int `json:"sent_again"`
}

// Note adds what became of one request: its latency, or why it failed.
func (r *Result) Note(latency time.Duration, err error) {
	if err == nil {
		r.Latencies = append(r.Latencies, latency)
		return
	}
	r.count(client.Reason(err), 1)
}

func (r *Result) count(why string, n int) {
	if r.Failed == nil {
		r.Failed = map[string]int{}
	}
	r.Failed[why] += n
}

func (r *Result) add(other Result) {
	r.Latencies = append(r.Latencies, other.Latencies...)
	r.Again += other.Again
	for why, n := range other.Failed {
		r.count(why, n)
	}
}

// Failures is how many requests failed in all.
func (r Result) Failures() int {
	total := 0
	for _, n := range r.Failed {
		total += n
	}
	return total
}

// Summary is what is left of a Result when its single latencies are forgotten.
type Summary struct {
	Answered int            `json:"answered"`
	P50      time.Duration  `json:"p50_ns"`
	P99      time.Duration  `json:"p99_ns"`
	Max      time.Duration  `json:"max_ns"`
	Failed   map[string]int `json:"failed"`
	Again    int            `json:"sent_again"`
}

// Summary returns the percentiles of what was answered; they are 0 where nothing was.
func (r Result) Summary() Summary {
	sorted := slices.Sorted(slices.Values(r.Latencies))
	return Summary{
		Answered: len(sorted),
		P50:      percentile(sorted, 50),
		P99:      percentile(sorted, 99),
		Max:      percentile(sorted, 100),
		Failed:   r.Failed,
		Again:    r.Again,
	}
}

// Failures is how many requests failed in all.
func (s Summary) Failures() int { return Result{Failed: s.Failed}.Failures() }

// percentile is the smallest value that p of 100 values do not exceed (nearest rank).
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}
