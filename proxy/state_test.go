package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/head"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/workers"
)

func TestReasons(t *testing.T) {
	cases := map[string]struct {
		err  error
		want access.Reason
	}{
		"none":                    {nil, access.NoReason},
		"malformed":               {errBareFeed, access.Malformed},
		"a head that is too long": {errHeadTooLong, access.TooLarge},
		"a body that is":          {errBodyTooLarge, access.TooLarge},
		"a late head":             {errHeadTimeout, access.TooSlow},
		"a slow body":             {errBodySlow, access.TooSlow},
		"left in its head":        {errHeadLost, access.ClientLeft},
		"no room":                 {errNoRoom, access.NoRoom},
		"too many":                {errTooManyFrom, access.NoConnection},
		"not ours":                {&head.Refusal{Status: http.StatusNotFound}, access.NotFound},
		"a limit":                 {&limit.Refusal{Status: http.StatusTooManyRequests}, access.Limited},
		"full":                    {&dispatch.OverloadError{Reason: dispatch.ErrQueueFull}, access.QueueFull},
		"waited":                  {&dispatch.OverloadError{Reason: dispatch.ErrQueueTimeout}, access.QueueTimeout},
		"left":                    {dispatch.ErrClientGone, access.ClientLeft},
		"does not read":           {&sendError{errSendTimeout}, access.ClientLeft},
		"going down":              {errCut, access.Stopping},
		"cut while it is sent":    {&sendError{errCut}, access.Stopping},
		"late":                    {dispatch.ErrTimeout, access.Timeout},
		"died":                    {fmt.Errorf("%w: EOF", workers.ErrWorkerDied), access.WorkerDied},
		"kills workers":           {fmt.Errorf("%w: %w", dispatch.ErrKiller, workers.ErrWorkerDied), access.WorkerDied},
		"killed":                  {fmt.Errorf("lost: %w", workers.ErrWorkerKilled), access.WorkerKilled},
		"raised":                  {&dispatch.ApplicationError{}, access.Raised},
		"no HTTP":                 {broken("status %d", 7), access.InvalidResponse},
		"short":                   {errShort, access.InvalidResponse},
		"a panic":                 {errPanic, access.Internal},
		"anything else":           {errors.New("?"), access.Internal},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := reasonOf(c.err)
			assert.Equal(t, c.want.String(), got.String())
			assert.Equal(t, c.err == nil, got.String() == "")
		})
	}
}

// TestRequestsAreCountedWithoutALog: whoever writes no access log still wants to know.
func TestRequestsAreCountedWithoutALog(t *testing.T) {
	cfg := config.Default().Proxy
	cfg.Bind = []string{"127.0.0.1:0"}
	meter := measure.New()
	f := startSettings(t, &application{}, Settings{Proxy: cfg, Meter: meter, Paths: []config.Path{{Prefix: "/a"}}})
	nowhere, err := f.proxy.access.Prepare(config.Log{AccessFormat: config.FormatAuto})
	require.NoError(t, err)
	f.proxy.access.Use(nowhere)
	c := f.dial()
	assert.Equal(t, 200, c.ask("GET /a/b HTTP/1.1\r\nHost: a\r\n\r\n").StatusCode)
	assert.Equal(t, 200, c.ask(get).StatusCode)
	f.finish()
	counts := meter.Counts()
	assert.ElementsMatch(t, []measure.Answers{
		{Path: "/a", Source: access.Application, Method: "GET", Status: 200, Count: 1},
		{Source: access.Application, Method: "GET", Status: 200, Count: 1},
	}, counts.Answers)
}

// TestNoReasonCostsNothing: nearly all requests have none.
func TestNoReasonCostsNothing(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { reasonOf(nil) }))
}

// TestToTellOfARequestAllocatesNothing: the log and the counters are asked for each.
func TestToTellOfARequestAllocatesNothing(t *testing.T) {
	f := startFront(t, &application{})
	x := &exchange{p: f.proxy, rules: &rules{observer: measure.New().For(nil)}, conn: &conn{}, status: 200}
	assert.Zero(t, testing.AllocsPerRun(100, x.note))
}
