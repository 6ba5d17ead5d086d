package proxy

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/trace"
	"forebay/proxy/trace/tracetest"
	"forebay/python"
)

// startTraced runs a proxy whose spans go to a collector when it ends. environ are further variables.
func startTraced(t *testing.T, app *application, environ ...string) (*front, *tracetest.Collector, func()) {
	t.Helper()
	collector := tracetest.New(t)
	settings, faults := trace.SettingsOf(append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}, environ...))
	require.Empty(t, faults)
	tracer := trace.New(settings, "1", slog.New(slog.DiscardHandler))
	cfg := config.Default().Proxy
	cfg.Bind, cfg.TempDir = []string{"127.0.0.1:0"}, t.TempDir()
	cfg.Static = []config.Static{config.NewStatic("/static/", filepath.Join("testdata", "requests"))}
	mappings, err := OpenStatic(cfg.Static)
	require.NoError(t, err)
	f := startSettings(t, app, Settings{Proxy: cfg, Static: mappings, Tracer: tracer})
	return f, collector, func() {
		f.finish()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		tracer.Run(ctx) // which exports what is left
	}
}

// TestSpans: the application's spans come below ours, which come below the client's.
func TestSpans(t *testing.T) {
	app := &application{trace: python.Trace{Queued: time.Microsecond, Ran: time.Microsecond, PID: 7, Tries: 1}}
	f, collector, end := startTraced(t, app)
	const client = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	c := f.dial()
	id := c.ask("POST /x?q HTTP/1.1\r\nHost: shop.example\r\nTraceparent: " + client + "\r\nTracestate: a=1\r\nUser-Agent: test\r\nContent-Length: 2\r\n\r\nab").
		Header.Get("X-Request-ID")
	_ = c.Close()
	end()

	spans := collector.Spans("POST", "queue", "application", "send")
	server, application := spans["POST"], spans["application"]
	assert.Equal(t, []string{client[3:35], client[36:52], "a=1"}, []string{server.Trace, server.Parent, server.State})
	environ := app.seen()[0].environ
	assert.Equal(t, "00-"+server.Trace+"-"+application.ID+"-01", environ["HTTP_TRACEPARENT"])
	assert.Equal(t, "a=1", environ["HTTP_TRACESTATE"])
	for _, name := range []string{"queue", "application", "send"} {
		assert.Equal(t, []string{server.Trace, server.ID}, []string{spans[name].Trace, spans[name].Parent}, name)
	}
	for key, value := range map[string]any{
		"forebay.request_id": id, "url.path": "/x", "url.scheme": "http", "server.address": "shop.example", "client.address": "127.0.0.1",
		"user_agent.original": "test", "http.response.status_code": int64(200), "http.request.body.size": int64(2), "http.response.body.size": int64(4),
	} {
		assert.Equal(t, value, server.Attributes[key], key)
	}
	assert.WithinDuration(t, time.Now(), server.End, time.Minute)
	assert.False(t, server.Failed)
}

// TestATraceBeginsHere where the client has none, or one that is not valid. What never comes to a thread is part of one, too.
func TestATraceBeginsHere(t *testing.T) {
	app := &application{}
	f, collector, end := startTraced(t, app)
	c := f.dial()
	c.ask("GET /static/none HTTP/1.1\r\nHost: a\r\n\r\n")
	c.ask("GET /x HTTP/1.1\r\nHost: a\r\nTraceparent: 00-x\r\nTracestate: a=1\r\n\r\n")
	_ = c.Close()
	end()
	post := collector.Next()
	require.Len(t, post.Spans, 4, "one each, and sending")
	assert.Equal(t, int64(404), post.Spans[0].Attributes["http.response.status_code"])
	environ := app.seen()[0].environ
	parent, ok := trace.ReadParent([]byte(environ["HTTP_TRACEPARENT"].(string)))
	require.True(t, ok)
	assert.Equal(t, trace.FlagSampled, parent.Flags)
	assert.Contains(t, environ["HTTP_TRACEPARENT"], post.Spans[2].Trace)
	assert.NotContains(t, environ, "HTTP_TRACESTATE")
	assert.NotEqual(t, post.Spans[0].Trace, post.Spans[2].Trace)
	assert.Empty(t, post.Spans[2].Parent)
}

// TestATraceThatIsNotSampled costs no span, and the application is told.
func TestATraceThatIsNotSampled(t *testing.T) {
	app := &application{}
	f, _, end := startTraced(t, app, "OTEL_TRACES_SAMPLER=always_off")
	c := f.dial()
	c.ask(get)
	_ = c.Close()
	end()
	assert.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`, app.seen()[0].environ["HTTP_TRACEPARENT"])
}
