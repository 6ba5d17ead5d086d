// Package trace lets a request be found again in what other programs tell of it. It reads and writes the traceparent of
// W3C's Trace Context, and exports spans to a collector of OpenTelemetry's if the environment names one.
//
// It speaks OTLP over HTTP itself, with the messages that OpenTelemetry generates for it. OpenTelemetry's own exporter brings
// gRPC with it, which would double the size of the program; and its spans are made while a request runs, where ours are made
// of what is known of it afterwards.
package trace

import "encoding/hex"

// ID names a trace. All zeros is none.
type ID [16]byte

// SpanID names a span of a trace. All zeros is none.
type SpanID [8]byte

// Parent is what a traceparent says: the trace that a request is part of, and the span that it comes from.
type Parent struct {
	Trace ID
	Span  SpanID
	Flags Flags
}

// Flags are those of a traceparent. Unknown ones are never passed on.
type Flags uint8

const (
	// FlagSampled says that who sent the request may have recorded its span.
	FlagSampled Flags = 1
	// FlagRandom says that the trace's id is random (Trace Context Level 2, section 3.2.2.5.2).
	FlagRandom Flags = 2
)

// ParentLen is the length of a traceparent of version 00, the only one that there is.
const ParentLen = 55

// The parts of a traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" (Trace Context, section 3.2.2).
const (
	traceAt = 3
	spanAt  = 36
	flagsAt = 53
)

// ReadParent reads the value of a traceparent. A version that is not known yet is read as far as 00 goes, as section 3.2.4
// has it. What is not valid is as if it were not there.
func ReadParent(value []byte) (Parent, bool) {
	var p Parent
	var version, flags [1]byte
	if len(value) < ParentLen || value[2] != '-' || value[spanAt-1] != '-' || value[flagsAt-1] != '-' ||
		!readHex(version[:], value) || !readHex(p.Trace[:], value[traceAt:]) || !readHex(p.Span[:], value[spanAt:]) ||
		!readHex(flags[:], value[flagsAt:]) {
		return Parent{}, false
	}
	switch {
	case version[0] == 0xFF, p.Trace == ID{}, p.Span == SpanID{}:
		return Parent{}, false
	case len(value) > ParentLen && (version[0] == 0 || value[ParentLen] != '-'):
		return Parent{}, false
	}
	p.Flags = Flags(flags[0]) & (FlagSampled | FlagRandom)
	return p, true
}

// readHex fills dst from its lower-case digits, which are what the recommendation allows.
func readHex(dst, digits []byte) bool {
	digits = digits[:2*len(dst)]
	for _, c := range digits {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(dst, digits)
	return err == nil
}

// IDIn is the id of the trace within a traceparent that ReadParent has found valid, as text. It is part of value.
func IDIn(value []byte) []byte { return value[traceAt : spanAt-1] }

// Append appends p as a traceparent of version 00.
func (p *Parent) Append(dst []byte) []byte {
	dst = append(dst, "00-"...)
	dst = append(hex.AppendEncode(dst, p.Trace[:]), '-')
	dst = append(hex.AppendEncode(dst, p.Span[:]), '-')
	return hex.AppendEncode(dst, []byte{byte(p.Flags)})
}
