package proxy

import (
	"slices"

	"forebay/proxy/trace"
	"forebay/python"
)

// marks are what a request's fields say of the request itself: what others call it, and since when they have had it.
type marks struct {
	id      []byte // of several the last one: the others may be its client's
	named   int    // how many there are
	start   []byte // the first X-Request-Start, of the proxy that has had the request first
	started bool
	parent  []byte
	parents int
	state   []byte // the first tracestate
	states  int
}

// marksOf looks for them. id is the name of the field with the request's id, in lower case; empty: there is none.
func marksOf(fields []python.Field, id string) (m marks) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(id) && python.EqualFold(f.Name, id) {
			m.id = f.Value
			m.named++
			continue
		}
		switch len(f.Name) {
		case len("tracestate"):
			if python.EqualFold(f.Name, "tracestate") {
				if m.states++; m.states == 1 {
					m.state = f.Value
				}
			}
		case len("traceparent"):
			if python.EqualFold(f.Name, "traceparent") {
				m.parent = f.Value
				m.parents++
			}
		case len("x-request-start"):
			if !m.started && python.EqualFold(f.Name, "x-request-start") {
				m.start, m.started = f.Value, true
			}
		}
	}
	return m
}

// mark takes what the fields say of the request, as far as it is believed, and takes the rest away.
//
// The request's id and X-Request-Start are a trusted proxy's to say: a stranger could give many requests one id, or lead
// what counts waiting times astray. A trace is anybody's to say, as the recommendation has it: it says nothing about who
// the client is, and it begins where somebody works on the page, which is in the browser as often as not.
func (x *exchange) mark(trusted bool) {
	m := marksOf(x.head.Fields, x.rules.idName)
	if m.started {
		x.measureBefore(m.start, trusted)
	}
	if x.rules.idName != "" {
		x.takeID(&m, trusted)
	}
	x.takeTrace(&m)
}

// takeID makes the id that a trusted proxy has given the request its own, and tells the application its id by the same field.
func (x *exchange) takeID(m *marks, trusted bool) {
	if trusted && validID(m.id) {
		x.id = m.id
		if m.named == 1 {
			return
		}
	}
	if m.named > 0 {
		x.drop(x.rules.idName)
	}
	x.head.Fields = append(x.head.Fields, python.Field{Name: x.rules.idField, Value: x.id})
}

// takeTrace looks at the trace that the request is part of. One that is not valid is as if it were not there (Trace Context,
// section 4.3), and what belongs to it, too. If we trace, a request always is part of one, and comes from us to the
// application.
func (x *exchange) takeTrace(m *marks) {
	parent, valid := trace.Parent{}, false
	if m.parents == 1 {
		parent, valid = trace.ReadParent(m.parent)
	}
	if !valid && m.parents > 0 {
		x.drop("traceparent")
	}
	if !valid && m.states > 0 {
		x.drop("tracestate")
	}
	switch tracer := x.rules.tracer; {
	case tracer == nil && valid:
		x.traceID = trace.IDIn(m.parent)
	case tracer != nil && valid:
		x.span = tracer.Begin(&parent)
		if m.states == 1 {
			x.state = m.state
		}
		x.drop("traceparent")
		x.passOn()
	case tracer != nil:
		x.span = tracer.Begin(nil)
		x.passOn()
	}
}

// passOn tells the application that its request comes from our span.
func (x *exchange) passOn() {
	value := x.span.AppendParent(x.parent[:0])
	x.traceID = trace.IDIn(value)
	x.head.Fields = append(x.head.Fields, python.Field{Name: traceparent, Value: value})
}

var traceparent = []byte("traceparent")

// drop takes the fields with a name away, which is given in lower case.
func (x *exchange) drop(name string) {
	x.head.Fields = slices.DeleteFunc(x.head.Fields, func(f python.Field) bool { return python.EqualFold(f.Name, name) })
}
