package measure

import (
	"sync/atomic"

	"forebay/proxy/access"
)

// shard is a part of the counters. Those of a group, and further ones in it, are made when the first request needs them.
type shard struct {
	groups         [groupsMost]atomic.Pointer[group]
	reasons        [len(access.Reasons)]atomic.Uint64
	received, sent atomic.Uint64
	_              [64]byte // so that two shards never share a line of the cache
}

// group is what is counted of the requests below one path prefix.
type group struct {
	answers [len(access.Sources)][methods][classes]atomic.Pointer[class]
	total   [len(access.Sources)]atomic.Pointer[histogram]
	queue   histogram
	ran     histogram
}

// class is the answers with one hundred of statuses, by the rest.
type class [100]atomic.Uint64

// classes are 1xx to 5xx, and 0: no answer, or a status that there is not.
const classes = 6

// get returns what is at p, which is made if it is not there.
func get[T any](p *atomic.Pointer[T]) *T {
	if there := p.Load(); there != nil {
		return there
	}
	p.CompareAndSwap(nil, new(T)) // whoever was first
	return p.Load()
}

func (s *shard) observe(e *access.Entry, in int) {
	g := get(&s.groups[in])
	status := e.Status
	if status < 100 || status > 599 {
		status = 0
	}
	get(&g.answers[e.Source][methodOf(e.Method)][status/100])[status%100].Add(1)
	get(&g.total[e.Source]).add(e.Total)
	if e.Tries > 0 {
		g.ran.add(e.Application)
	}
	if e.Tries > 0 || e.Queue > 0 {
		g.queue.add(e.Queue)
	}
	if e.Reason != access.NoReason {
		s.reasons[e.Reason].Add(1)
	}
	if e.Received > 0 {
		s.received.Add(uint64(e.Received))
	}
	if e.Bytes > 0 {
		s.sent.Add(uint64(e.Bytes))
	}
}

// methodNames are the methods that are told apart. Clients may make up others.
var methodNames = [...]string{"other", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

const methods = len(methodNames)

func methodOf(name []byte) int {
	for i := 1; i < methods; i++ {
		if string(name) == methodNames[i] { // the conversion for a comparison copies nothing
			return i
		}
	}
	return 0
}
