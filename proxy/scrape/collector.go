package scrape

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/proxy/status"
	"forebay/workers"
)

// collector implements prometheus.Collector.
type collector struct{ server *status.Server }

// Describe names all families.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range families {
		to <- desc
	}
}

// Collect takes one picture and sends what is in it.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	p := c.server.Picture()
	s := sender(to)
	s.send(buildInfo, 1, c.server.Version, p.Python)
	s.send(ready, truth(p.State == status.Serving))
	s.counted(&p.Counts)
	s.dispatched(&p.Dispatch)
	s.staffed(&p.Pool)
	s.limited(p.Limits, p.Redis)
	s.send(connections, float64(max(0, p.Proxy.Open-p.Proxy.Idle)), "active")
	s.send(connections, float64(p.Proxy.Idle), "idle")
	s.send(connectionLimit, float64(p.Proxy.Limit))
	s.send(spoolBytes, float64(p.SpoolUsed))
	s.send(spoolLimit, float64(p.SpoolLimit))
	s.send(staticFiles, float64(p.Proxy.Static.Files))
	s.send(staticBytes, float64(p.Proxy.Static.Memory))
	s.send(staticHits, float64(p.Proxy.Static.Hits))
	s.send(staticMisses, float64(p.Proxy.Static.Misses))
	s.send(logDropped, float64(p.Dropped))
	if p.Proxy.Tracing {
		s.send(traced, float64(p.Proxy.Spans.Exported), "exported")
		s.send(traced, float64(p.Proxy.Spans.Dropped), "dropped")
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// sender is where values go.
type sender chan<- prometheus.Metric

func (s sender) send(m metric, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(m.Desc, m.kind, value, labels...)
}

// times sends a histogram, unless there is nothing in it.
func (s sender) times(desc *prometheus.Desc, t *measure.Times, labels ...string) {
	count := t.Count()
	if count == 0 {
		return
	}
	buckets := make(map[float64]uint64, len(measure.Bounds))
	for i, n := range t.Below() {
		buckets[measure.Bounds[i]] = n
	}
	s <- prometheus.MustNewConstHistogram(desc, count, t.Sum.Seconds(), buckets, labels...)
}

// counted sends what was counted of requests.
func (s sender) counted(c *measure.Counts) {
	for _, a := range c.Answers {
		s.send(requests, float64(a.Count), strconv.Itoa(a.Status), a.Method, a.Source.String(), a.Path)
	}
	for i := range c.Times {
		t := &c.Times[i]
		for source := range t.Total {
			s.times(requestDuration, &t.Total[source], access.Source(source).String(), t.Path)
		}
		s.times(queueDuration, &t.Queue, t.Path)
		s.times(ranDuration, &t.Application, t.Path)
	}
	for reason, n := range c.Reasons {
		if access.Reason(reason) != access.NoReason {
			s.send(faults, float64(n), access.Reason(reason).String())
		}
	}
	s.send(received, float64(c.Received))
	s.send(sent, float64(c.Sent))
}

// dispatched sends what the dispatcher does.
func (s sender) dispatched(d *dispatch.State) {
	s.send(slots, float64(d.Busy), "busy")
	s.send(slots, float64(d.Idle), "idle")
	s.send(slots, float64(max(0, d.Threads-d.Busy-d.Idle)), "retiring")
	for _, share := range d.Shares {
		s.send(queueLength, float64(share.Waiting), share.Prefix)
		s.send(queueLimit, float64(share.Size), share.Prefix)
		s.send(queueOldest, share.Oldest.Seconds(), share.Prefix)
	}
	s.send(batches, float64(d.Batches))
	s.send(batched, float64(d.Batched))
	s.send(recalled, float64(d.Recalled))
	s.send(retries, float64(d.Retries))
}

// staffed sends what the workers do. In a seat there may be two for a while, of which one retires.
func (s sender) staffed(p *workers.PoolState) {
	states := map[string]int{"booting": 0, "serving": 0, "retiring": 0}
	memory, waits := map[int]int64{}, map[int]workers.GILWait{}
	overdue := 0
	for _, w := range p.Workers {
		states[status.StateOf(w.State)]++
		memory[w.ID] += w.RSS
		waits[w.ID] = workers.GILWait{Count: waits[w.ID].Count + w.GIL.Count, Sum: waits[w.ID].Sum + w.GIL.Sum}
		for _, t := range w.Threads {
			if t.Stuck {
				overdue++
			}
		}
	}
	for state, n := range states {
		s.send(workerCount, float64(n), state)
	}
	for id, rss := range memory {
		s.send(workerRSS, float64(rss), strconv.Itoa(id))
	}
	for id, wait := range waits {
		if wait.Count > 0 {
			s <- prometheus.MustNewConstSummary(workerGIL, wait.Count, wait.Sum.Seconds(), nil, strconv.Itoa(id))
		}
	}
	s.send(stuck, float64(overdue))
	for cause, n := range p.Restarts {
		s.send(workerRestarts, float64(n), workers.Cause(cause).String())
	}
	s.send(workerFailures, float64(p.Failed))
}

// limited sends what the rate limits have done.
func (s sender) limited(limits []limit.Stat, redis limit.RedisState) {
	for _, l := range limits {
		s.send(limitRequests, float64(l.Passed), l.Name, "allowed")
		s.send(limitRequests, float64(l.Refused), l.Name, "refused")
		s.send(limitRequests, float64(l.Spared), l.Name, "dry_run")
		s.send(limitDelayed, float64(l.Delayed), l.Name)
		s.send(limitAlone, float64(l.Alone), l.Name)
		s.send(limitKeys, float64(l.Keys), l.Name)
	}
	if redis.State != "none" {
		s.send(redisUp, truth(redis.State == "up"))
		s.send(redisErrors, float64(redis.Errors))
	}
}
