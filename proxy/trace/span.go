package trace

import (
	"encoding/binary"
	"math/rand/v2"
)

// Span is what was decided about a request when it came. The zero Span is that of one that nobody decided about.
type Span struct {
	trace       ID
	parent      SpanID // who sent the request; none if nobody told
	server      SpanID
	application SpanID
	flags       Flags
}

// Begin decides about a request. parent is nil where it comes from no span.
func (t *Tracer) Begin(parent *Parent) Span {
	s := Span{server: newSpanID(), application: newSpanID()}
	if parent != nil {
		s.trace, s.parent, s.flags = parent.Trace, parent.Span, parent.Flags&FlagRandom
	} else {
		s.trace = newID()
	}
	if t.settings.sampler.sample(parent, s.trace) {
		s.flags |= FlagSampled
	}
	return s
}

// Sampled reports whether End will keep the span.
func (s *Span) Sampled() bool { return s.flags&FlagSampled != 0 }

// AppendParent appends the traceparent that tells the application where its request comes from.
func (s *Span) AppendParent(dst []byte) []byte {
	p := Parent{Trace: s.trace, Span: s.application, Flags: s.flags}
	return p.Append(dst)
}

// newID makes an id of a trace. It is no secret: a generator that is merely good will do.
func newID() (id ID) {
	for id == (ID{}) {
		fill(id[:8])
		fill(id[8:])
	}
	return id
}

func newSpanID() (id SpanID) {
	for id == (SpanID{}) {
		fill(id[:])
	}
	return id
}

func fill(b []byte) { binary.BigEndian.PutUint64(b, rand.Uint64()) } //nolint:gosec // see newID
