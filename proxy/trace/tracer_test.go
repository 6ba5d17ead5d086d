package trace

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"forebay/proxy/access"
	"forebay/proxy/trace/tracetest"
	"forebay/python"
)

// settings are those of an environment without faults.
func settings(t testing.TB, pairs ...string) Settings {
	t.Helper()
	s, faults := SettingsOf(append([]string{endpoint, "OTEL_RESOURCE_ATTRIBUTES=host.name=h"}, pairs...))
	require.Empty(t, faults)
	return s
}

// logged gathers lines of a log.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// start runs a tracer. The function that it returns ends it.
func start(t *testing.T, tracer *Tracer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends by stop
		tracer.Run(ctx)
		close(done)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}

// answered is a request that the application has answered.
func answered() *Request {
	return &Request{
		Entry: &access.Entry{
			Time: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC), ID: []byte("id"), Client: netip.MustParseAddr("192.0.2.7"),
			Method: []byte("GET"), Target: []byte("/a\xff?secret=1"), Protocol: []byte("HTTP/1.1"), Status: 200, Received: 5, Bytes: 7,
			Total: time.Second, Read: 100 * time.Millisecond, Delayed: 50 * time.Millisecond, Queue: 200 * time.Millisecond, Application: 300 * time.Millisecond,
			Before: 250 * time.Millisecond, Worker: 4711, Thread: 2, Tries: 1, Source: access.Application,
			Scheme: "https", Host: []byte("shop.example:8443"),
			Fields: []python.Field{{Name: []byte("User-Agent"), Value: []byte("curl")}},
		},
		State: []byte("a=1"),
	}
}

func TestSpansOfARequest(t *testing.T) {
	collector := tracetest.New(t)
	s := settings(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=Api-Key=s3cret", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_SERVICE_NAME=shop")
	tracer := New(s, "1.2", new(logged).log())
	parent, ok := ReadParent([]byte(known))
	require.True(t, ok)
	span := tracer.Begin(&parent)
	told, ok := ReadParent(span.AppendParent(nil))
	require.True(t, ok)
	tracer.End(&span, answered())
	start(t, tracer)() // what is left is exported at the end

	post := collector.Next()
	assert.Equal(t, "/v1/traces", post.Path)
	assert.Equal(t, "s3cret", post.Header.Get("Api-Key"))
	assert.Equal(t, "forebay/1.2", post.Header.Get("User-Agent"))
	assert.Equal(t, map[string]any{
		"service.name": "shop", "host.name": "h", "telemetry.sdk.name": "forebay", "telemetry.sdk.language": "go", "telemetry.sdk.version": "1.2",
	}, post.Resource)
	assert.Equal(t, "forebay", post.Scope)
	require.Len(t, post.Spans, 4)
	server, queue, application, send := post.Spans[0], post.Spans[1], post.Spans[2], post.Spans[3]

	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond).Local() }
	trace := known[3:35]
	assert.Equal(t, tracetest.Span{
		Trace: trace, ID: server.ID, Parent: known[36:52], State: "a=1", Name: "GET", Kind: otlp.Span_SPAN_KIND_SERVER, Flags: 0x301,
		Start: at(0), End: at(1000),
		Attributes: map[string]any{
			"http.request.method": "GET", "url.scheme": "https", "url.path": "/a\uFFFD", "server.address": "shop.example", "server.port": int64(8443),
			"client.address": "192.0.2.7", "network.protocol.version": "1.1", "user_agent.original": "curl",
			"http.response.status_code": int64(200), "http.request.body.size": int64(5), "http.response.body.size": int64(7),
			"forebay.request_id": "id", "forebay.source": "application", "forebay.before": 0.25, "forebay.delayed": 0.05,
		},
	}, server)
	child := func(id, name string, kind otlp.Span_SpanKind, start, end int, attributes map[string]any) tracetest.Span {
		return tracetest.Span{
			Trace: trace, ID: id, Parent: server.ID, Name: name, Kind: kind, Flags: 0x101, Start: at(start), End: at(end), Attributes: attributes,
		}
	}
	ids := map[string]any{"forebay.worker.pid": int64(4711), "forebay.worker.thread": int64(2), "forebay.tries": int64(1)}
	assert.Equal(t, child(queue.ID, "queue", otlp.Span_SPAN_KIND_INTERNAL, 150, 350, map[string]any{}), queue)
	assert.Equal(t, child(application.ID, "application", otlp.Span_SPAN_KIND_CLIENT, 350, 650, ids), application)
	assert.Equal(t, child(send.ID, "send", otlp.Span_SPAN_KIND_INTERNAL, 650, 1000, map[string]any{}), send)

	assert.Equal(t, parent.Trace, told.Trace)
	assert.Contains(t, string(span.AppendParent(nil)), application.ID, "the application's spans come below ours of it")
	assert.Equal(t, FlagSampled, told.Flags)
	assert.Equal(t, Counts{Exported: 1}, tracer.Counts())
}

// TestSpansOfOthers: what was not on a thread has no span of one, and what a client did wrong is no failure.
func TestSpansOfOthers(t *testing.T) {
	cases := map[string]struct {
		change func(q *Request)
		spans  []string
		failed string // error.type
	}{
		"a file":            {func(q *Request) { q.Source, q.Queue, q.Application, q.Tries = access.Static, 0, 0, 0 }, []string{"GET", "send"}, ""},
		"an idle thread":    {func(q *Request) { q.Queue = 0 }, []string{"GET", "application", "send"}, ""},
		"a method of one's": {func(q *Request) { q.Method = []byte("BREW") }, []string{"HTTP", "queue", "application", "send"}, ""},
		"the wrong request": {func(q *Request) {
			q.Source, q.Status, q.Reason, q.Queue, q.Tries = access.Server, 413, access.TooLarge, 0, 0
		}, []string{"GET"}, ""},
		"a full queue": {func(q *Request) { q.Source, q.Status, q.Reason, q.Tries = access.Server, 503, access.QueueTimeout, 0 }, []string{"GET", "queue"}, "queue_timeout"},
		"a deadline": {func(q *Request) {
			q.Source, q.Status, q.Reason, q.Fault = access.Server, 504, access.Timeout, errors.New("late")
		}, []string{"GET", "queue", "application"}, "timeout"},
		"the application's":  {func(q *Request) { q.Status = 500 }, []string{"GET", "queue", "application", "send"}, "500"},
		"an answer cut":      {func(q *Request) { q.Reason, q.Fault = access.Raised, errors.New("late") }, []string{"GET", "queue", "application", "send"}, "raised"},
		"a client that left": {func(q *Request) { q.Reason = access.ClientLeft }, []string{"GET", "queue", "application", "send"}, ""},
	}
	tracer := New(settings(t), "1", new(logged).log())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			request := answered()
			c.change(request)
			span := tracer.Begin(nil)
			spans := newRecord(&span, request, 100).appendSpans(nil)
			var names []string
			for _, s := range spans {
				names = append(names, s.GetName())
				assert.LessOrEqual(t, s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano(), s.GetName())
			}
			assert.Equal(t, c.spans, names)
			assert.Empty(t, spans[0].GetParentSpanId())
			failed := ""
			for _, a := range spans[0].GetAttributes() {
				if a.GetKey() == "error.type" {
					failed = a.GetValue().GetStringValue()
				}
			}
			assert.Equal(t, c.failed, failed)
			assert.Equal(t, c.failed != "", spans[0].GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR)
			if request.Fault != nil {
				assert.Equal(t, "late", spans[0].GetStatus().GetMessage())
			}
		})
	}
}

func TestTextsAreBounded(t *testing.T) {
	tracer := New(settings(t), "1", new(logged).log())
	span := tracer.Begin(nil)
	request := answered()
	request.Target, request.State = []byte("/"+strings.Repeat("a", 2000)), []byte(strings.Repeat("a", maxState+1))
	request.Fields[0].Value = []byte("abcdé")
	r := newRecord(&span, request, 5)
	assert.Equal(t, "/aaaa", string(r.path))
	assert.Equal(t, "abcd\uFFFD", valid(r.userAgent))
	assert.Empty(t, r.state)
}

func TestRequestsThatAreNotSampled(t *testing.T) {
	tracer := New(settings(t, "OTEL_TRACES_SAMPLER=always_off"), "1", new(logged).log())
	span := tracer.Begin(nil)
	told, ok := ReadParent(span.AppendParent(nil))
	require.True(t, ok, "the application's decision is to be the same")
	assert.Zero(t, told.Flags)
	tracer.End(&span, answered())
	assert.Nil(t, tracer.take(1))
	var none *Tracer
	none.End(&span, nil)
	assert.Zero(t, none.Counts())
}

// roundTrip is a collector without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(code int, fields ...string) *http.Response {
	resp := &http.Response{StatusCode: code, Status: http.StatusText(code), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	for i := 0; i < len(fields); i += 2 {
		resp.Header.Set(fields[i], fields[i+1])
	}
	return resp
}

// traced has a tracer whose clock is the bubble's, and ends n requests.
func traced(t *testing.T, out *logged, collector roundTrip, n int, pairs ...string) *Tracer {
	t.Helper()
	tracer := New(settings(t, pairs...), "1", out.log())
	tracer.client.Transport = collector
	for range n {
		span := tracer.Begin(nil)
		tracer.End(&span, answered())
	}
	return tracer
}

// TestFailures: what is worth another attempt gets it, until the time for it is over. Nothing is lost without being counted.
func TestFailures(t *testing.T) {
	cases := map[string]struct {
		collector func(attempt int) (*http.Response, error)
		attempts  int
		dropped   uint64
		least     time.Duration // it takes
	}{
		"none":          {func(int) (*http.Response, error) { return answer(200), nil }, 1, 0, 0},
		"busy for once": {func(n int) (*http.Response, error) { return answer([]int{503, 200}[n]), nil }, 2, 0, firstPause / 2},
		"busy, it says": {func(n int) (*http.Response, error) { return answer([]int{429, 200}[n], "Retry-After", "7"), nil }, 2, 0, 7 * time.Second},
		"away for a time": {func(n int) (*http.Response, error) {
			return []*http.Response{nil, nil, answer(200)}[n], []error{io.EOF, io.EOF, nil}[n]
		}, 3, 0, firstPause},
		"no use":        {func(int) (*http.Response, error) { return answer(400), nil }, 1, 3, 0},
		"elsewhere":     {func(int) (*http.Response, error) { return answer(302, "Location", "http://x/"), nil }, 1, 3, 0},
		"away for good": {func(int) (*http.Response, error) { return nil, io.EOF }, 7, 3, 29 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts, out := 0, new(logged)
				tracer := traced(t, out, func(*http.Request) (*http.Response, error) {
					attempts++
					return c.collector(attempts - 1)
				}, 3, "OTEL_EXPORTER_OTLP_ENDPOINT=http://me:s3cret@localhost/?key=s3cret")
				stop := start(t, tracer)
				time.Sleep(time.Minute)
				synctest.Wait()
				assert.InDelta(t, c.attempts, attempts, 1)
				if c.attempts < 5 {
					assert.Equal(t, c.attempts, attempts)
				}
				assert.Equal(t, Counts{Exported: 3 - c.dropped, Dropped: c.dropped}, tracer.Counts())
				stop()
				assert.Equal(t, c.dropped > 0, strings.Contains(out.String(), "spans not exported"), out)
				assert.NotContains(t, out.String(), "s3cret")
			})
		})
	}
}

// TestALogOfTrouble: one line when it begins, one each minute, and one when it is over.
func TestALogOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(logged)
		var fails atomic.Bool
		fails.Store(true)
		tracer := traced(t, out, func(*http.Request) (*http.Response, error) {
			if fails.Load() {
				return answer(400), nil
			}
			return answer(200), nil
		}, 0)
		stop := start(t, tracer)
		next := func() {
			span := tracer.Begin(nil)
			tracer.End(&span, answered())
			time.Sleep(10 * time.Second)
		}
		time.Sleep(time.Second) // no span ends in the moment of a tick
		for range 14 {
			next()
		}
		assert.Equal(t, 3, strings.Count(out.String(), "spans not exported"), out)
		assert.NotContains(t, out.String(), "again")
		fails.Store(false)
		next()
		next()
		stop()
		assert.Equal(t, 1, strings.Count(out.String(), "spans are exported again"), out)
		assert.Contains(t, out.String(), "dropped=14")
	})
}

// TestACollectorThatHangs: requests go on as if there were none, and the end waits for it for a moment only.
func TestACollectorThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(logged)
		tracer := traced(t, out, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 0, "OTEL_BSP_MAX_QUEUE_SIZE=10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4")
		stop := start(t, tracer)
		began := time.Now()
		for range 4 {
			span := tracer.Begin(nil)
			tracer.End(&span, answered())
		}
		synctest.Wait() // for the first batch to be on its way
		for range 16 {
			span := tracer.Begin(nil)
			tracer.End(&span, answered())
		}
		assert.Zero(t, time.Since(began))
		assert.EqualValues(t, 6, tracer.Counts().Dropped, "beyond the queue")
		stop()
		assert.LessOrEqual(t, time.Since(began), stopTimeout)
		assert.EqualValues(t, 20, tracer.Counts().Dropped)
		assert.Contains(t, out.String(), "spans were dropped")
	})
}

// TestBatches: a batch goes when it is full, and what is left of it after a time.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := make(chan time.Duration, 10)
		began := time.Now()
		tracer := traced(t, new(logged), func(*http.Request) (*http.Response, error) {
			posts <- time.Since(began)
			return answer(200), nil
		}, 5, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2")
		stop := start(t, tracer)
		for _, at := range []time.Duration{0, 0, 5 * time.Second} {
			assert.Equal(t, at, <-posts)
		}
		stop()
		assert.Empty(t, posts)
		assert.EqualValues(t, 5, tracer.Counts().Exported)
	})
}

// TestABatchOnItsWayAtTheEnd is exported once more, and counted once.
func TestABatchOnItsWayAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		tracer := traced(t, new(logged), func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200), nil
		}, 3, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=3")
		stop := start(t, tracer)
		synctest.Wait()
		stop()
		assert.Equal(t, 2, attempts)
		assert.Equal(t, Counts{Exported: 3}, tracer.Counts())
	})
}

func TestRetryAfter(t *testing.T) {
	assert.Equal(t, 3*time.Second, retryAfter("3"))
	assert.Zero(t, retryAfter(""))
	assert.Zero(t, retryAfter("-1"))
	assert.Zero(t, retryAfter("Sun, 06 Nov 1994 08:49:37 GMT"))
	assert.Greater(t, retryAfter(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), time.Minute)
}

func BenchmarkRequest(b *testing.B) {
	tracer := New(Settings{Endpoint: &url.URL{Scheme: "http", Host: "x"}, Queue: 100, Batch: 100, Text: usualText, sampler: sampler{always, true}}, "1", slog.New(slog.DiscardHandler))
	request, out := answered(), make([]byte, 0, ParentLen)
	b.ReportAllocs()
	for b.Loop() {
		span := tracer.Begin(nil)
		out = span.AppendParent(out[:0])
		tracer.End(&span, request)
		if len(tracer.waiting) == 100 {
			for _, r := range tracer.waiting {
				r.free()
			}
			tracer.waiting = tracer.waiting[:0]
		}
	}
}
