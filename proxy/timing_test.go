package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

func timed(cfg *config.Proxy) { cfg.ServerTiming = true }

// timingOf reads the Server-Timing of an answer, in milliseconds.
func timingOf(t *testing.T, got answered) map[string]float64 {
	t.Helper()
	metrics := map[string]float64{}
	for metric := range strings.SplitSeq(got.Header.Get("Server-Timing"), ", ") {
		name, duration, found := strings.Cut(metric, ";dur=")
		require.True(t, found, metric)
		ms, err := strconv.ParseFloat(duration, 64)
		require.NoError(t, err, metric)
		metrics[name] = ms
	}
	return metrics
}

func TestServerTiming(t *testing.T) {
	app := &application{trace: python.Trace{Queued: 250 * time.Microsecond, Ran: 12 * time.Millisecond, Tries: 1}}
	f := startFront(t, app, timed)
	metrics := timingOf(t, f.dial().ask(get))
	assert.InDelta(t, 0.25, metrics["queue"], 1e-9)
	assert.InDelta(t, 12, metrics["application"], 1e-9)
	assert.Greater(t, metrics["total"], 0.0)
	assert.Len(t, metrics, 3)

	c := f.dial()
	metrics = timingOf(t, c.ask("BAD / HTTP/9.9\r\n\r\n"))
	_ = c.Close() // nobody needs to linger for it
	assert.Contains(t, metrics, "total")
	assert.Len(t, metrics, 1, "what came to no thread has waited for none")
}

func TestServerTimingIsNotSaidUnlessAskedFor(t *testing.T) {
	f := startFront(t, &application{answer: func(call) (*python.Response, error) {
		return whole("200 OK", "fine", "Server-Timing", "db;dur=3"), nil
	}})
	got := f.dial().ask(get)
	require.Equal(t, http.StatusOK, got.StatusCode)
	assert.Equal(t, []string{"db;dur=3"}, got.Header.Values("Server-Timing"), "the application's own")
}
