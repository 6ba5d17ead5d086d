package overload

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve starts a server and returns a client of it.
func serve(t *testing.T, handler http.HandlerFunc) client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client{address: strings.TrimPrefix(server.URL, "http://"), path: "/", body: "right", patience: 20 * time.Second}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestWhatBecomesOfARequest(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		since   time.Duration // it was due
		want    outcome
	}{
		"the right answer":  {answer(200, "right"), 0, good},
		"another answer":    {answer(200, "wrong"), 0, broken},
		"too late":          {answer(200, "right"), time.Minute, late},
		"too busy":          {answer(503, ""), 0, refused},
		"another status":    {answer(500, "right"), 0, broken},
		"no answer":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, broken},
		"late, and refused": {answer(503, ""), time.Minute, refused},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			one := serve(t, c.handler)
			one.stays = c.since > 0
			one.patience = 20 * time.Second
			due := time.Now()
			if c.since > 0 {
				one.patience = time.Nanosecond
			}
			assert.Equal(t, c.want, one.ask(t.Context(), due))
		})
	}
}

func TestAClientWhosePatienceEndsLeaves(t *testing.T) {
	gone := make(chan struct{})
	one := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(gone)
	})
	one.patience = 20 * time.Millisecond
	assert.Equal(t, left, one.ask(t.Context(), time.Now()))
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		require.Fail(t, "its connection is still open")
	}
}

func TestARequestThatCannotBeSentInTime(t *testing.T) {
	one := serve(t, answer(200, "right"))
	one.patience = time.Second
	assert.Equal(t, left, one.ask(t.Context(), time.Now().Add(-time.Minute)))
}

// The load does not wait for answers: all requests are on their way before the first of them is answered.
func TestTheLoadIsAnOpenLoop(t *testing.T) {
	const n = 50
	var came atomic.Int32
	all := make(chan struct{})
	one := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if came.Add(1) == n {
			close(all)
		}
		<-all
		answer(200, "right")(w, r)
	})
	samples, err := openLoop(t.Context(), one, []step{{100, 200 * time.Millisecond}, {300, 100 * time.Millisecond}})
	require.NoError(t, err)
	require.Len(t, samples, n)
	first := 0
	for _, s := range samples {
		assert.Equal(t, good, s.outcome)
		assert.GreaterOrEqual(t, s.end, s.due)
		if s.due < 200*time.Millisecond {
			first++
		}
	}
	assert.Equal(t, 20, first, "the rate of each step")
}

func TestPeak(t *testing.T) {
	opts, err := parseOptions([]string{"-workers", "1", "-threads", "1"})
	require.NoError(t, err)
	opts.Peak = 100 * time.Millisecond
	peak, err := measurePeak(t.Context(), serve(t, answer(200, "right")), opts)
	require.NoError(t, err)
	assert.Positive(t, peak)
	_, err = measurePeak(t.Context(), serve(t, answer(503, "")), opts)
	assert.Error(t, err)
}

func TestJudgement(t *testing.T) {
	second := time.Second
	var samples []sample
	for _, s := range []struct {
		due, end time.Duration
		outcome  outcome
	}{
		{0, second / 2, good},                 // before
		{second - 1, second, good},            // due before, answered while the load was too high
		{second, 2*second + second/2, good},   // while it was
		{second, 3 * second, refused},         //
		{2 * second, 3*second + 1, good},      //
		{2 * second, 4*second + 1, good},      // answered after it
		{3 * second, 9 * second, late},        //
		{4*second + 5, 4*second + 6, refused}, // after: the load has fallen
		{5*second + 1, 5*second + 4, good},    //
		{5*second + 2, 5*second + 4, good},    //
		{5*second + 3, 5*second + 30, left},   //
		{5*second + 10, 5*second + 30, good},  //
	} {
		samples = append(samples, sample{s.due, s.due + time.Duration(len(samples)), s.end, s.outcome})
	}
	got := judge(samples, second, 4*second)
	assert.Equal(t, 5, got.Sent)
	assert.Equal(t, map[string]int{"good": 3, "refused": 1, "late": 1}, got.Outcomes)
	assert.InDelta(t, 3, got.Good, 0)
	assert.Equal(t, []int{1, 1, 1, 1, 1, 3}, got.Seconds)
	assert.InDelta(t, 1, got.Worst, 0)
	assert.Equal(t, second+second/2, got.Median)
	assert.Equal(t, second+3, got.Recovery, "from then on all is well")
	assert.Equal(t, time.Duration(3), got.LaterP99)
	assert.Equal(t, time.Duration(len(samples)-1), got.Lag)
}

func TestJudgementOfNothingGood(t *testing.T) {
	got := judge([]sample{{time.Second, time.Second, 2 * time.Second, refused}}, 0, 3*time.Second)
	assert.Zero(t, got.Goodput)
	assert.Zero(t, got.Worst)
	assert.Zero(t, got.P99)
}

func TestOptionsHaveBounds(t *testing.T) {
	for name, args := range map[string][]string{
		"cost":          {"-cost", "1.5ms"},
		"factor":        {"-factor", "100"},
		"rest":          {"-rest", "0"},
		"during":        {"-during", "1h"},
		"patience":      {"-patience", "0s"},
		"peers":         {"-peers", "apache"},
		"not a flag":    {"word"},
		"time after it": {"-after", "1s"},
		"before it":     {"-before", "0s"},
		"peak":          {"-peak", "1ms"},
		"workers":       {"-workers", "0"},
	} {
		_, err := parseOptions(args)
		assert.Error(t, err, name)
	}
	opts, err := parseOptions([]string{"-spin", "-cost", "7ms"})
	require.NoError(t, err)
	assert.Equal(t, "/spin/7", opts.path())
}
