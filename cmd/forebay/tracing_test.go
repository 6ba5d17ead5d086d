package main_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/proxy/trace/tracetest"
)

// TestSpansOfAServer: a server whose environment names a collector sends it what is left at its end, too, and says what
// of the environment it does not understand. A trace of the client's reaches the application.
func TestSpansOfAServer(t *testing.T) {
	collector := tracetest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SERVICE_NAME", "shop")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
	t.Setenv("OTEL_TRACES_SAMPLER", "xray")
	s := startForebay(t, "-w", "1", "--chdir", apps, "--server-timing", "traced")
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s.reload(1) // which goes on with it
	resp := s.ask(http.MethodGet, "/", "Traceparent", parent)
	s.Stop()
	post := collector.Next()
	assert.Equal(t, "shop", post.Resource["service.name"])
	spans := map[string]tracetest.Span{}
	for _, span := range post.Spans {
		spans[span.Name] = span
	}
	assert.Equal(t, "00-"+parent[3:35]+"-"+spans["application"].ID+"-01", resp.Header.Get("Traced"))
	assert.Equal(t, resp.Header.Get("X-Request-ID"), spans["GET"].Attributes["forebay.request_id"])
	assert.Contains(t, s.Stdout.String(), resp.Header.Get("X-Request-ID"))
	assert.Regexp(t, `^queue;dur=[0-9.]+, application;dur=[0-9.]+, total;dur=[0-9.]+$`, resp.Header.Get("Server-Timing"))
	assert.Equal(t, parent[36:52], spans["GET"].Parent)
	assert.Positive(t, spans["application"].Attributes["forebay.worker.pid"])
	assert.Contains(t, s.Stderr.String(), `OTEL_TRACES_SAMPLER: want always_on`)
}
