package measure

import (
	"forebay/proxy/access"
)

// Counts are what was counted so far.
type Counts struct {
	// Answers are the answered requests, by what they have in common; in no order.
	Answers []Answers
	// Times are how long they took, by path and source.
	Times []PathTimes
	// Reasons are those with a fault, by its access.Reason.
	Reasons [len(access.Reasons)]uint64
	// Received and Sent are bytes of bodies.
	Received, Sent uint64
}

// Answers are requests with the same answer.
type Answers struct {
	Path   string // the prefix of the configuration that they are under; empty: none
	Source access.Source
	Method string // "other" for what is no usual one
	Status int    // 0: there was no answer
	Count  uint64
}

// PathTimes are how long the requests under one path prefix took.
type PathTimes struct {
	Path string
	// Total is from the first byte of the request to the last of the answer, by who answered.
	Total [len(access.Sources)]Times
	// Queue and Application are of those that the application has seen or would have.
	Queue, Application Times
}

// Counts returns what was counted so far. It takes no lock that a request waits for.
func (m *Meter) Counts() Counts {
	var c Counts
	for in := range groupsMost {
		m.collect(&c, in)
	}
	for _, s := range m.shards {
		for i := range s.reasons {
			c.Reasons[i] += s.reasons[i].Load()
		}
		c.Received += s.received.Load()
		c.Sent += s.sent.Load()
	}
	return c
}

// collect adds what was counted in a group.
func (m *Meter) collect(c *Counts, in int) {
	var sum [len(access.Sources)][methods][classes]*[100]uint64
	var times *PathTimes
	for _, s := range m.shards {
		g := s.groups[in].Load()
		if g == nil {
			continue
		}
		if times == nil {
			c.Times = append(c.Times, PathTimes{Path: m.groups.name(in)})
			times = &c.Times[len(c.Times)-1]
		}
		times.collect(g)
		for source := range sum {
			for method := range sum[source] {
				for hundred := range sum[source][method] {
					addClass(&sum[source][method][hundred], g.answers[source][method][hundred].Load())
				}
			}
		}
	}
	if times == nil {
		return
	}
	for source := range sum {
		for method := range sum[source] {
			for hundred, counts := range sum[source][method] {
				c.list(counts, Answers{Path: times.Path, Source: access.Source(source), Method: methodNames[method], Status: 100 * hundred})
			}
		}
	}
}

func (t *PathTimes) collect(g *group) {
	for source := range t.Total {
		if h := g.total[source].Load(); h != nil {
			t.Total[source].collect(h)
		}
	}
	t.Queue.collect(&g.queue)
	t.Application.collect(&g.ran)
}

func addClass(sum **[100]uint64, c *class) {
	if c == nil {
		return
	}
	if *sum == nil {
		*sum = new([100]uint64)
	}
	for i := range c {
		(*sum)[i] += c[i].Load()
	}
}

// list appends what there is of one hundred of statuses.
func (c *Counts) list(counts *[100]uint64, like Answers) {
	if counts == nil {
		return
	}
	for i, n := range counts {
		if n > 0 {
			answers := like
			answers.Status += i
			answers.Count = n
			c.Answers = append(c.Answers, answers)
		}
	}
}

// Requests returns how many were answered.
func (c *Counts) Requests() (n uint64) {
	for _, a := range c.Answers {
		n += a.Count
	}
	return n
}

// failed returns how many were answered with 5xx.
func (c *Counts) failed() (n uint64) {
	for _, a := range c.Answers {
		if a.Status >= 500 {
			n += a.Count
		}
	}
	return n
}

// sum adds up the times of all paths and sources.
func (c *Counts) sum() (total, queue, application Times) {
	for i := range c.Times {
		for source := range c.Times[i].Total {
			total.add(&c.Times[i].Total[source])
		}
		queue.add(&c.Times[i].Queue)
		application.add(&c.Times[i].Application)
	}
	return total, queue, application
}
