package trace

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"forebay/proxy/access"
)

// encode makes spans of a batch, with the attributes of OpenTelemetry's semantic conventions for HTTP servers, and our own.
func (t *Tracer) encode(batch []*record) []*otlp.ResourceSpans {
	about := &resource.Resource{}
	for _, a := range append([]Attribute{{"telemetry.sdk.version", t.version}}, t.settings.Resource...) {
		about.Attributes = append(about.Attributes, text(a.Key, []byte(a.Value)))
	}
	spans := make([]*otlp.Span, 0, 3*len(batch))
	for _, r := range batch {
		spans = r.appendSpans(spans)
	}
	scope := &common.InstrumentationScope{Name: "forebay", Version: t.version}
	return []*otlp.ResourceSpans{{Resource: about, ScopeSpans: []*otlp.ScopeSpans{{Scope: scope, Spans: spans}}}}
}

// appendSpans appends the span of a request and those below it: for its time in the queue, if it has waited, for that on a
// thread, and for that of its answer on the way. The application's own spans come below that of the thread, which is to
// them what a client's is to a server.
func (r *record) appendSpans(spans []*otlp.Span) []*otlp.Span {
	e := &r.entry
	at := e.Time.Add(-e.Total)
	spans = append(spans, r.serverSpan(at))
	at = at.Add(e.Read + e.Delayed)
	if e.Queue > 0 {
		spans = append(spans, r.child("queue", newSpanID(), otlp.Span_SPAN_KIND_INTERNAL, at, e.Queue))
		at = at.Add(e.Queue)
	}
	if e.Tries > 0 {
		span := r.child("application", r.span.application, otlp.Span_SPAN_KIND_CLIENT, at, e.Application)
		span.Attributes = []*common.KeyValue{
			number("forebay.worker.pid", int64(e.Worker)), number("forebay.worker.thread", int64(e.Thread)), number("forebay.tries", int64(e.Tries)),
		}
		spans = append(spans, span)
		at = at.Add(e.Application)
	}
	if e.Source != access.Server {
		spans = append(spans, r.child("send", newSpanID(), otlp.Span_SPAN_KIND_INTERNAL, at, e.Time.Sub(at)))
	}
	return spans
}

// The flags of a span beyond those of its trace: whether its parent is in another process is known, and it is.
const (
	hasRemote = uint32(otlp.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	isRemote  = uint32(otlp.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
)

func (r *record) serverSpan(start time.Time) *otlp.Span {
	s := r.span
	span := r.child(r.name(), s.server, otlp.Span_SPAN_KIND_SERVER, start, r.entry.Total)
	span.ParentSpanId, span.TraceState = nil, valid(r.state)
	if s.parent != (SpanID{}) {
		span.ParentSpanId = s.parent[:]
		span.Flags |= isRemote
	}
	span.Attributes = r.attributes()
	if failure := r.failure(); failure != "" {
		span.Attributes = append(span.Attributes, text("error.type", []byte(failure)))
		span.Status = &otlp.Status{Code: otlp.Status_STATUS_CODE_ERROR, Message: valid(r.fault)}
	}
	return span
}

// child makes a span below that of the request.
func (r *record) child(name string, id SpanID, kind otlp.Span_SpanKind, start time.Time, d time.Duration) *otlp.Span {
	return &otlp.Span{
		TraceId: bytes.Clone(r.span.trace[:]), SpanId: id[:], ParentSpanId: bytes.Clone(r.span.server[:]),
		Flags: uint32(r.span.flags) | hasRemote, Name: name, Kind: kind,
		StartTimeUnixNano: uint64(start.UnixNano()), EndTimeUnixNano: uint64(start.Add(max(0, d)).UnixNano()),
	}
}

// knownMethods are those that may be a span's name: there may be only few of these.
var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "CONNECT": true, "OPTIONS": true, "TRACE": true, "PATCH": true,
}

func (r *record) name() string {
	if knownMethods[string(r.method)] {
		return string(r.method)
	}
	return "HTTP"
}

// attributes are those of the request's own span.
func (r *record) attributes() []*common.KeyValue {
	e := &r.entry
	all := r.methodAttributes()
	host, port := splitHost(r.host)
	all = appendText(all, "url.scheme", []byte(e.Scheme))
	all = appendText(all, "url.path", r.path)
	all = appendText(all, "server.address", host)
	if n, err := strconv.ParseUint(string(port), 10, 16); err == nil {
		all = append(all, number("server.port", int64(n)))
	}
	if e.Client.IsValid() {
		all = appendText(all, "client.address", e.Client.WithZone("").AppendTo(nil))
	}
	all = appendText(all, "network.protocol.version", bytes.TrimPrefix(r.protocol, []byte("HTTP/")))
	all = appendText(all, "user_agent.original", r.userAgent)
	all = append(all, number("http.response.status_code", int64(e.Status)),
		number("http.request.body.size", e.Received), number("http.response.body.size", e.Bytes))
	all = appendText(all, "forebay.request_id", r.id)
	all = appendText(all, "forebay.source", []byte(e.Source.String()))
	all = appendSeconds(all, "forebay.before", e.Before)
	return appendSeconds(all, "forebay.delayed", e.Delayed)
}

func (r *record) methodAttributes() []*common.KeyValue {
	if knownMethods[string(r.method)] {
		return []*common.KeyValue{text("http.request.method", r.method)}
	}
	return []*common.KeyValue{text("http.request.method", []byte("_OTHER")), text("http.request.method_original", r.method)}
}

// failure is what kind of error the request has ended with, if it is one of the server's: what a client did wrong is none.
// An answer that was cut is.
func (r *record) failure() string {
	e := &r.entry
	switch {
	case e.Status >= 500 && e.Reason == access.NoReason:
		return strconv.Itoa(e.Status)
	case e.Status >= 500, e.Status < 400 && e.Reason != access.NoReason && e.Reason != access.ClientLeft:
		return e.Reason.String()
	}
	return ""
}

// splitHost takes a Host apart. The brackets of an IPv6 address are no part of it.
func splitHost(host []byte) (name, port []byte) {
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && !bytes.HasSuffix(host, []byte{']'}) {
		host, port = host[:i], host[i+1:]
	}
	return bytes.Trim(host, "[]"), port
}

func appendText(all []*common.KeyValue, key string, value []byte) []*common.KeyValue {
	if len(value) == 0 {
		return all
	}
	return append(all, text(key, value))
}

func text(key string, value []byte) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: valid(value)}}}
}

func number(key string, n int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}}
}

func appendSeconds(all []*common.KeyValue, key string, d time.Duration) []*common.KeyValue {
	if d <= 0 {
		return all
	}
	value := &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: d.Seconds()}}
	return append(all, &common.KeyValue{Key: key, Value: value})
}

// valid makes text of bytes of a client's: protobuf refuses what is no UTF-8.
func valid(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
