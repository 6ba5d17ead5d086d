package trace

import (
	"bytes"
	"sync"

	"forebay/proxy/access"
)

// Request is what a span tells of an answered request beyond its entry of the access log. Its bytes are borrowed until End
// returns.
type Request struct {
	*access.Entry
	// State is the request's tracestate, or nothing.
	State []byte
}

// record is a request that waits to be exported: all of it that has no pointers, and copies of its texts.
type record struct {
	span  Span
	entry access.Entry // without what an Entry borrows

	id, method, path, protocol, host, userAgent, state, fault []byte // their memory is kept
}

var records = sync.Pool{New: func() any { return new(record) }}

// maxState is how long a tracestate is that must be passed on (Trace Context, section 3.3.1.5). A longer one is not exported.
const maxState = 512

// newRecord copies what a span tells; of each text at most limit bytes.
func newRecord(s *Span, q *Request, limit int) *record {
	r := records.Get().(*record)
	r.span = *s
	r.entry = access.Entry{
		Time: q.Time, Client: q.Client, Scheme: q.Scheme, Status: q.Status, Received: q.Received, Bytes: q.Bytes,
		Before: q.Before, Total: q.Total, Read: q.Read, Delayed: q.Delayed, Queue: q.Queue, Application: q.Application,
		Worker: q.Worker, Thread: q.Thread, Tries: q.Tries, Source: q.Source, Reason: q.Reason,
	}
	keep := func(into *[]byte, text []byte) { *into = append((*into)[:0], text[:min(len(text), limit)]...) }
	path, _, _ := bytes.Cut(q.Target, []byte{'?'}) // what stands behind it may be secret
	keep(&r.id, q.ID)
	keep(&r.method, q.Method)
	keep(&r.path, path)
	keep(&r.protocol, q.Protocol)
	keep(&r.host, q.Host)
	keep(&r.userAgent, q.Field("user-agent"))
	keep(&r.fault, nil)
	if q.Fault != nil {
		keep(&r.fault, []byte(q.Fault.Error()))
	}
	r.state = r.state[:0]
	if len(q.State) <= maxState {
		r.state = append(r.state, q.State...)
	}
	return r
}

// free gives the record's memory back.
func (r *record) free() { records.Put(r) }
