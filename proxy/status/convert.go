package status

import (
	"strconv"

	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/workers"
)

func requestsOf(c *measure.Counts) Requests {
	r := Requests{
		Total: c.Requests(), ByStatus: map[string]uint64{}, BySource: map[string]uint64{}, ByReason: map[string]uint64{},
		Received: c.Received, Sent: c.Sent,
	}
	for _, name := range access.Sources {
		r.BySource[name] = 0
	}
	for _, a := range c.Answers {
		r.ByStatus[strconv.Itoa(a.Status)] += a.Count
		r.BySource[a.Source.String()] += a.Count
	}
	for reason, n := range c.Reasons {
		if n > 0 {
			r.ByReason[access.Reason(reason).String()] = n
		}
	}
	return r
}

func latencyOf(l measure.Latency) Latency {
	return Latency{
		Window: measure.Window.Seconds(), Count: l.Count,
		P50: l.P50.Seconds(), P90: l.P90.Seconds(), P99: l.P99.Seconds(),
		QueueP50: l.QueueP50.Seconds(), QueueP99: l.QueueP99.Seconds(),
		ApplicationP50: l.ApplicationP50.Seconds(), ApplicationP99: l.ApplicationP99.Seconds(),
	}
}

func historyOf(seconds []measure.Second) []Second {
	history := make([]Second, 0, len(seconds))
	for _, s := range seconds {
		history = append(history, Second{
			T: s.Time.Unix(), Requests: s.Requests, Errors: s.Failed,
			P50: s.P50.Seconds(), P99: s.P99.Seconds(), QueueP99: s.QueueP99.Seconds(), Busy: s.Busy,
		})
	}
	return history
}

func queueOf(d *dispatch.State) Queue {
	q := Queue{Length: d.Waiting(), Oldest: d.Oldest().Seconds(), Paths: []Path{}}
	for _, s := range d.Shares {
		q.Limit += s.Size
		if s.Prefix == "" {
			continue
		}
		q.Paths = append(q.Paths, Path{
			Prefix: s.Prefix, Length: s.Waiting, Limit: s.Size, Oldest: s.Oldest.Seconds(), Busy: s.Busy, Slots: s.Slots,
		})
	}
	return q
}

func workersOf(p *workers.PoolState) []Worker {
	all := []Worker{}
	for _, w := range p.Workers {
		worker := Worker{
			ID: w.ID, PID: w.PID, Generation: w.Generation, State: StateOf(w.State), Started: unix(w.Started),
			Requests: w.Requests, RSS: w.RSS, Threads: []Thread{},
		}
		if w.GIL.Count > 0 || w.GIL.Recent > 0 {
			wait := w.GIL.Recent.Seconds()
			worker.GIL = &wait
		}
		for i, t := range w.Threads {
			worker.Threads = append(worker.Threads, threadOf(i, t))
		}
		all = append(all, worker)
	}
	return all
}

// StateOf is the state of a worker in the words of an operator: booting, serving or retiring.
func StateOf(s workers.State) string {
	switch s {
	case workers.Booting, workers.Loaded:
		return "booting"
	case workers.Ready:
		return "serving"
	default:
		return "retiring"
	}
}

func threadOf(index int, t workers.SlotState) Thread {
	thread := Thread{Thread: index, State: "idle", Since: unix(t.Since)}
	if !t.Busy {
		return thread
	}
	thread.State = "busy"
	if t.Stuck {
		thread.State = "stuck"
	}
	thread.Request = &Request{ID: t.RequestID, Method: t.Method, Path: measure.Path(t.Target)}
	return thread
}

func restartsOf(p *workers.PoolState) Restarts {
	return Restarts{
		Died: p.Restarts[workers.Died], MaxRequests: p.Restarts[workers.MaxRequests], MaxRSS: p.Restarts[workers.MaxRSS],
		MaxLifetime: p.Restarts[workers.MaxLifetime], Timeout: p.Restarts[workers.Overdue],
		Reload: p.Restarts[workers.Reloaded], Broken: p.Restarts[workers.Broken], Failed: p.Failed,
	}
}

func limitsOf(stats []limit.Stat) []Limit {
	limits := []Limit{}
	for _, l := range stats {
		limits = append(limits, Limit{
			Name: l.Name, Allowed: l.Passed, Refused: l.Refused, Delayed: l.Delayed, DryRun: l.Spared, Alone: l.Alone, Keys: l.Keys,
		})
	}
	return limits
}

func slowOf(samples []measure.Sample) []Slow {
	slow := []Slow{}
	for _, s := range samples {
		slow = append(slow, Slow{
			ID: s.ID, Time: unix(s.Time), Method: s.Method, Path: s.Path, Status: s.Status,
			Read: s.Read.Seconds(), Delayed: s.Delayed.Seconds(), Queue: s.Queue.Seconds(),
			Application: s.Application.Seconds(), Send: s.Send.Seconds(), Total: s.Total.Seconds(),
			Worker: s.Worker, Thread: s.Thread,
		})
	}
	return slow
}

func errorsOf(samples []measure.Sample) []ErrorEntry {
	entries := []ErrorEntry{}
	for _, s := range samples {
		entries = append(entries, ErrorEntry{
			ID: s.ID, Time: unix(s.Time), Method: s.Method, Path: s.Path, Status: s.Status, Reason: s.Reason.String(),
		})
	}
	return entries
}
