// Package tracetest is a collector of OpenTelemetry's for tests: a real HTTP server that reads what exporters post.
package tracetest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes what is posted to it.
type Collector struct {
	*httptest.Server
	// Answer, if it is set before the first post, answers in the collector's place.
	Answer http.HandlerFunc

	t     *testing.T
	posts chan Post
}

// Post is one request of an exporter.
type Post struct {
	Path     string
	Header   http.Header
	Resource map[string]any
	Scope    string
	Spans    []Span
}

// Span is a span as tests like to compare it.
type Span struct {
	Trace, ID, Parent, State string // ids in hexadecimal digits
	Name                     string
	Kind                     otlp.Span_SpanKind
	Flags                    uint32
	Start, End               time.Time
	Attributes               map[string]any
	Failed                   bool
	Message                  string
}

// New starts a collector, which ends with the test.
func New(t *testing.T) *Collector {
	t.Helper()
	c := &Collector{t: t, posts: make(chan Post, 64)}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP takes one post.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.Answer != nil {
		c.Answer(w, r)
		return
	}
	post, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.posts <- post
	w.Header().Set("Content-Type", "application/x-protobuf") // with an empty ExportTraceServiceResponse
}

// Next returns the next post, which must come within a time that is long enough for a busy machine.
func (c *Collector) Next() Post {
	c.t.Helper()
	select {
	case post := <-c.posts:
		return post
	case <-time.After(20 * time.Second):
		require.Fail(c.t, "no spans came")
		return Post{}
	}
}

// Spans returns the spans of posts, by their names, until there is one with each of the names.
func (c *Collector) Spans(names ...string) map[string]Span {
	c.t.Helper()
	spans := map[string]Span{}
	for missing(spans, names) {
		for _, span := range c.Next().Spans {
			spans[span.Name] = span
		}
	}
	return spans
}

func missing(spans map[string]Span, names []string) bool {
	for _, name := range names {
		if _, found := spans[name]; !found {
			return true
		}
	}
	return false
}

func read(r *http.Request) (Post, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return Post{}, err
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return Post{}, err
	}
	var said collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &said); err != nil {
		return Post{}, err
	}
	post := Post{Path: r.URL.Path, Header: r.Header}
	for _, resource := range said.GetResourceSpans() {
		post.Resource = attributes(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			post.Scope = scope.GetScope().GetName()
			for _, span := range scope.GetSpans() {
				post.Spans = append(post.Spans, spanOf(span))
			}
		}
	}
	return post, nil
}

func spanOf(s *otlp.Span) Span {
	return Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		State: s.GetTraceState(), Name: s.GetName(), Kind: s.GetKind(), Flags: s.GetFlags(),
		Start: time.Unix(0, int64(s.GetStartTimeUnixNano())), End: time.Unix(0, int64(s.GetEndTimeUnixNano())),
		Attributes: attributes(s.GetAttributes()),
		Failed:     s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR, Message: s.GetStatus().GetMessage(),
	}
}

func attributes(pairs []*common.KeyValue) map[string]any {
	all := map[string]any{}
	for _, pair := range pairs {
		switch value := pair.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			all[pair.GetKey()] = value.StringValue
		case *common.AnyValue_IntValue:
			all[pair.GetKey()] = value.IntValue
		case *common.AnyValue_DoubleValue:
			all[pair.GetKey()] = value.DoubleValue
		}
	}
	return all
}
