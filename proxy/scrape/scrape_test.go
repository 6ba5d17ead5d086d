package scrape

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/status"
)

// TestScrape looks at one server that has had requests of each kind.
func TestScrape(t *testing.T) {
	s := startServer(t)
	y := &tally{s: s, by: map[int]int{}}
	y.ask(2, 200, request("GET", "/status/200"))
	y.ask(1, 200, request("GET", "/static/a.txt"))
	y.ask(1, 203, request("GET", "/status/203"))
	running := y.dial(request("GET", "/hold"))
	held := s.held()
	require.Eventually(t, func() bool { return s.Pool.State().Workers[0].GIL.Count > 0 }, patience, time.Millisecond)
	exposition, err := New(s.Server)
	require.NoError(t, err)
	_, text, err := exposition.Text("")
	require.NoError(t, err)

	t.Run("promtool finds no fault with it", func(t *testing.T) {
		assert.Empty(t, promtool(t, bytes.NewReader(text), "check", "metrics"))
	})
	t.Run("it says what the server does", func(t *testing.T) {
		for name, pattern := range map[string]string{
			"slots":    `(?m)^forebay_slots\{state="busy"\} 1\nforebay_slots\{state="idle"\} 3$`,
			"workers":  `(?m)^forebay_workers\{state="serving"\} 1$`,
			"memory":   `(?m)^forebay_worker_rss_bytes\{worker="1"\} \d`,
			"the GIL":  `(?m)^forebay_worker_gil_wait_seconds_count\{worker="1"\} [1-9]`,
			"limits":   `(?m)^forebay_limit_requests_total\{limit="few",outcome="allowed"\} 1$`,
			"queue":    `(?m)^forebay_queue_limit\{path="/hold/narrow"\} 1$`,
			"files":    `(?m)^forebay_static_misses_total 1$`,
			"the time": `(?m)^forebay_request_duration_seconds_bucket\{path="",source="application",le="60"\} 3$`,
			"the way":  `(?m)^forebay_requests_total\{code="200",method="GET",path="",source="static"\} 1$`,
			"traces":   `(?m)^forebay_traced_requests_total\{outcome="dropped"\} 0$`,
			"Go":       `(?m)^go_goroutines \d`,
			"process":  `(?m)^process_open_fds \d`,
		} {
			assert.Regexp(t, pattern, string(text), name)
		}
		assert.NotContains(t, string(text), "forebay_redis_up", "there is none")
	})
	t.Run("OpenMetrics for who asks for it", func(t *testing.T) {
		mediaType, text, err := exposition.Text("application/openmetrics-text; version=1.0.0")
		require.NoError(t, err)
		assert.Contains(t, mediaType, "application/openmetrics-text")
		assert.True(t, bytes.HasSuffix(text, []byte("# EOF\n")))
	})
	t.Run("the status shows the request that runs", func(t *testing.T) {
		st := s.Status(false)
		require.Len(t, st.Workers, 1)
		w := st.Workers[0]
		assert.Equal(t, "serving", w.State)
		assert.Equal(t, 1, w.Generation)
		assert.Positive(t, w.RSS)
		require.NotNil(t, w.GIL)
		assert.Positive(t, *w.GIL)
		var busy []status.Thread
		for _, thread := range w.Threads {
			if thread.State == "busy" {
				busy = append(busy, thread)
			}
		}
		require.Len(t, busy, 1)
		require.NotNil(t, busy[0].Request)
		assert.Equal(t, "/hold", busy[0].Request.Path)
		assert.InDelta(t, st.Now, busy[0].Since, patience.Seconds())
		assert.Equal(t, status.Slots{Total: 4, Busy: 1, Idle: 3}, st.Slots)
		assert.Nil(t, st.History)
	})
	require.NoError(t, held.Close())
	assert.Equal(t, 200, y.read(running))
}
