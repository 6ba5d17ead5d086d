package limits

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/report/reporttest"
	"forebay/bench/wrk"
)

func TestOptions(t *testing.T) {
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"cost", "sharing", "faults"}, opts.Parts)
	for name, args := range map[string][]string{
		"no such part":       {"-parts", "price"},
		"no forebay":         {"-peers", "nginx+gunicorn"},
		"half a second":      {"-duration", "1500ms"},
		"more than a minute": {"-sharing-duration", "61s"},
		"a word too many":    {"now"},
	} {
		_, err := parseOptions(args)
		assert.Error(t, err, name)
	}
}

func TestAFixtureEndsWhatItHasBegun(t *testing.T) {
	var ended []int
	begin := func(f *fixture) {
		f.Cleanup(func() { ended = append(ended, 1) })
		f.Cleanup(func() { ended = append(ended, 2) })
	}
	require.NoError(t, withFixture(t.Context(), func(f *fixture) error { begin(f); return nil }))
	assert.Equal(t, []int{2, 1}, ended)
	failed := errors.New("x")
	assert.ErrorIs(t, withFixture(t.Context(), func(f *fixture) error { begin(f); return failed }), failed)
	err := withFixture(t.Context(), func(f *fixture) error {
		begin(f)
		require.Equal(f, 1, 2)
		return nil
	})
	assert.ErrorContains(t, err, "Not equal")
	assert.ErrorContains(t, withFixture(t.Context(), func(f *fixture) error { f.Skip("not installed"); return nil }), "not installed")
	assert.Panics(t, func() { _ = withFixture(t.Context(), func(*fixture) error { panic("a fault of ours") }) })
	assert.Len(t, ended, 6)
}

func TestALoadTellsServedFromRefused(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader([]int{200, 429, 500}[n.Add(1)%3])
	}))
	t.Cleanup(server.Close)
	l := newLoad([]string{server.URL, server.URL}, 1, time.Millisecond)
	l.begin()
	require.Eventually(t, func() bool { return n.Load() > 60 }, 10*time.Second, time.Millisecond)
	got := l.end()
	l.stop()
	for _, count := range []int{got.Served, got.Refused, got.Failed} {
		assert.InDelta(t, 20, count, 5)
	}
	assert.LessOrEqual(t, got.P50, got.P99)
	assert.LessOrEqual(t, got.P99, got.Max)
	assert.False(t, l.last.Before(l.first))
}

func TestAPage(t *testing.T) {
	r := Report{
		Costs: []Cost{
			{"forebay", "no limit", []Run{{wrk.Result{Requests: 100, PerSecond: 100}, 5 * time.Millisecond}}},
			{"forebay", "strict", []Run{{wrk.Result{Requests: 50, PerSecond: 50, P99: time.Millisecond}, 5 * time.Millisecond}}},
		},
		Sharings: []Sharing{{How: "strict", Admitted: 1010, Exact: 1000}},
		Faults:   []Fault{{Name: "none", Answers: Answers{Took: time.Second, Served: 200, P99: time.Millisecond}}, {Name: "x", Lost: 1, Answers: Answers{Took: time.Second, P99: 3 * time.Millisecond}}},
	}
	reporttest.Page(t, &r,
		"| forebay, strict | 50 | 0.50 | 100.0 | 0.00 ms | 1.00 ms |", "| strict | 1010 | 1000 | +1.00 % | ± 0 | 0 | 0 |",
		"| x | 0 | 0 | 0 | 0.00 ms | 3.00 ms | 2.00 ms | 0.00 ms | 1 |",
	)
}

func TestVariantsHaveNamesOfTheirOwn(t *testing.T) {
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, v := range (&bench{opts: opts}).variants("redis://a") {
		assert.Regexp(t, `^[A-Za-z0-9_.-]+$`, slug(v.peer+", "+v.name))
		assert.False(t, names[v.peer+v.name])
		names[v.peer+v.name] = true
	}
	opts.Peers = []string{"forebay"}
	assert.Len(t, (&bench{opts: opts}).variants(""), 6)
	assert.False(t, wait(canceled(t), time.Hour))
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
