package measure

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/access"
)

// answered is a request as an application has answered it.
func answered(change ...func(*access.Entry)) *access.Entry {
	e := &access.Entry{
		Time: time.Now(), ID: []byte("0123456789abcdef"), Method: []byte("GET"), Target: []byte("/a?b"), Status: 200,
		Total: 12 * time.Millisecond, Queue: time.Millisecond, Application: 10 * time.Millisecond,
		Worker: 7, Thread: 1, Tries: 1, Source: access.Application, Path: config.NoPath, Received: 3, Bytes: 5,
	}
	for _, c := range change {
		c(e)
	}
	return e
}

func refused(status int, reason access.Reason) func(*access.Entry) {
	return func(e *access.Entry) {
		e.Status, e.Reason, e.Source = status, reason, access.Server
		e.Tries, e.Worker, e.Queue, e.Application = 0, 0, 0, 0
	}
}

func TestAnswersAreCountedByAllThatTheyHaveInCommon(t *testing.T) {
	m := New()
	o := m.For([]config.Path{{Prefix: "/report"}})
	below := func(e *access.Entry) { e.Path = 0 }
	for range 3 {
		o.Observe(answered())
	}
	o.Observe(answered(below, func(e *access.Entry) { e.Method = []byte("POST") }))
	o.Observe(answered(below, func(e *access.Entry) { e.Method = []byte("get") }))
	o.Observe(answered(refused(503, access.QueueFull)))
	o.Observe(answered(func(e *access.Entry) { e.Status, e.Source = 1234, access.Static }))
	c := m.Counts()
	assert.ElementsMatch(t, []Answers{
		{"", access.Application, "GET", 200, 3},
		{"/report", access.Application, "POST", 200, 1},
		{"/report", access.Application, "other", 200, 1},
		{"", access.Server, "GET", 503, 1},
		{"", access.Static, "GET", 0, 1},
	}, c.Answers)
	assert.EqualValues(t, 7, c.Requests())
	assert.EqualValues(t, 1, c.failed())
	assert.EqualValues(t, 1, c.Reasons[access.QueueFull])
	assert.EqualValues(t, 21, c.Received)
	assert.EqualValues(t, 35, c.Sent)
	total, queue, application := c.sum()
	assert.EqualValues(t, 7, total.Count())
	assert.EqualValues(t, 6, queue.Count(), "of those that the application has seen")
	assert.EqualValues(t, 6, application.Count())
	assert.Equal(t, 60*time.Millisecond, application.Sum)
}

// TestPathsOutliveAReload: a request that began under another configuration names another one's index.
func TestPathsOutliveAReload(t *testing.T) {
	m := New()
	before := m.For([]config.Path{{Prefix: "/a"}, {Prefix: "/b"}})
	after := m.For([]config.Path{{Prefix: "/b"}})
	before.Observe(answered(func(e *access.Entry) { e.Path = 1 }))
	after.Observe(answered(func(e *access.Entry) { e.Path = 0 }))
	after.Observe(answered(func(e *access.Entry) { e.Path = 1 })) // which there is not
	c := m.Counts()
	assert.ElementsMatch(t, []Answers{
		{"/b", access.Application, "GET", 200, 2}, {"", access.Application, "GET", 200, 1},
	}, c.Answers)
}

func TestPathsAreBounded(t *testing.T) {
	m := New()
	for i := range 3 * groupsMost {
		m.For([]config.Path{{Prefix: fmt.Sprint("/", i)}}).Observe(answered(func(e *access.Entry) { e.Path = 0 }))
	}
	c := m.Counts()
	assert.Len(t, c.Times, groupsMost-1)
	assert.Contains(t, c.Answers, Answers{otherPaths, access.Application, "GET", 200, 3*groupsMost - (groupsMost - 2)})
}

func TestNobodyCounts(t *testing.T) {
	var o *Observer
	o.Observe(answered())
}

func TestManyCountAtOnce(t *testing.T) {
	const many, each = 8, 500
	m := New()
	o := m.For(nil)
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			for i := range each {
				o.Observe(answered(func(e *access.Entry) { e.Total = time.Duration(i) * time.Millisecond }))
				o.Observe(answered(refused(500+i%5, access.Internal)))
			}
		})
	}
	all.Go(func() {
		for range 20 {
			m.turn(time.Now())
			m.Counts()
			m.Slow(time.Now())
			m.Wrong()
		}
	})
	all.Wait()
	c := m.Counts()
	assert.EqualValues(t, 2*many*each, c.Requests())
	assert.EqualValues(t, many*each, c.failed())
	assert.Len(t, m.Slow(time.Now()), SlowMost)
	assert.Len(t, m.Wrong(), WrongMost)
}

func TestTheLastMinuteAndTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New()
		o := m.For(nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx, func() int { return 3 }) }() // ends by stop
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		for range 99 {
			o.Observe(answered())
		}
		o.Observe(answered(refused(503, access.QueueTimeout), func(e *access.Entry) { e.Total, e.Queue = 10*time.Second, 10*time.Second }))
		assert.Zero(t, m.Latency().Count, "the second is not over")
		pass(time.Second)
		history := m.History()
		require.Len(t, history, 1)
		s := history[0]
		assert.EqualValues(t, 100, s.Requests)
		assert.EqualValues(t, 1, s.Failed)
		assert.InDelta(t, 3, s.Busy, 0)
		assert.InEpsilon(t, 12*time.Millisecond, s.P50, 1.0/16)
		l := m.Latency()
		assert.EqualValues(t, 100, l.Count)
		assert.InEpsilon(t, 12*time.Millisecond, l.P90, 1.0/16)
		assert.InEpsilon(t, 10*time.Millisecond, l.ApplicationP50, 1.0/16)
		assert.InEpsilon(t, time.Millisecond, l.QueueP50, 1.0/16)

		pass(Window - time.Second)
		assert.EqualValues(t, 100, m.Latency().Count)
		pass(time.Second)
		assert.Equal(t, Latency{}, m.Latency(), "it is longer ago than the window")
		pass(10 * time.Minute)
		assert.Len(t, m.History(), historySeconds)
		assert.Equal(t, time.Second, m.History()[1].Time.Sub(m.History()[0].Time))
		stop()
		assert.NoError(t, <-ended)
	})
}

func TestTheSlowestAreKeptForFiveMinutes(t *testing.T) {
	m := New()
	o := m.For(nil)
	start := time.Unix(1000, 0)
	at := func(after, total time.Duration) {
		o.Observe(answered(func(e *access.Entry) { e.Time, e.Total = start.Add(after), total }))
	}
	m.turn(start)
	for i := range 100 {
		at(0, time.Duration(i)*time.Second)
	}
	slow := m.Slow(start)
	require.Len(t, slow, SlowMost)
	assert.Equal(t, 99*time.Second, slow[0].Total)
	assert.Equal(t, 80*time.Second, slow[SlowMost-1].Total)
	assert.EqualValues(t, 80*time.Second, m.slow.least.Load(), "no quicker one is looked at")

	m.turn(start.Add(slowSpan))
	at(slowSpan, time.Millisecond)
	assert.Len(t, m.Slow(start.Add(slowSpan)), SlowMost)
	m.turn(start.Add(2 * slowSpan))
	now := start.Add(slowAge)
	slow = m.Slow(now)
	require.Len(t, slow, 1, "the others are too old")
	assert.Equal(t, time.Millisecond, slow[0].Total)
	for i := range 20 {
		m.turn(now.Add(time.Duration(i) * slowSpan))
	}
	assert.LessOrEqual(t, len(m.slow.past), int(slowAge/slowSpan), "what is too old is forgotten")
}

func TestWhatCountsAsWrong(t *testing.T) {
	cases := map[string]struct {
		entry *access.Entry
		want  bool
	}{
		"an answer":               {answered(), false},
		"the application's 500":   {answered(func(e *access.Entry) { e.Status = 500 }), false},
		"our 500":                 {answered(refused(500, access.Raised)), true},
		"our 499":                 {answered(refused(499, access.ClientLeft)), true},
		"our 404":                 {answered(refused(404, access.NotFound)), false},
		"a limit":                 {answered(refused(429, access.Limited)), false},
		"a file not read":         {answered(func(e *access.Entry) { e.Status, e.Source = 500, access.Static }), true},
		"a cut answer":            {answered(func(e *access.Entry) { e.Reason = access.InvalidResponse }), true},
		"a file that was not had": {answered(func(e *access.Entry) { e.Source, e.Reason = access.Static, access.ClientLeft }), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := New()
			m.For(nil).Observe(c.entry)
			assert.Equal(t, c.want, len(m.Wrong()) == 1)
		})
	}
}

func TestTheLastThatWentWrongComesFirst(t *testing.T) {
	m := New()
	o := m.For(nil)
	for i := range 3 * wrongRate {
		o.Observe(answered(refused(500+i%100, access.Internal)))
	}
	wrong := m.Wrong()
	require.Len(t, wrong, WrongMost)
	assert.Equal(t, 549, wrong[0].Status, "so many are looked at in a second")
	m.turn(time.Now())
	o.Observe(answered(refused(504, access.Timeout)))
	wrong = m.Wrong()
	require.Len(t, wrong, WrongMost)
	assert.Equal(t, 504, wrong[0].Status)
	assert.Equal(t, access.Timeout, wrong[0].Reason)
	assert.Equal(t, "/a", wrong[0].Path, "a query may hold what nobody else is to see")
	assert.Equal(t, 501, wrong[WrongMost-1].Status)
}

func TestWhatIsKeptOfClientsIsShortAndPrintable(t *testing.T) {
	for name, c := range map[string]struct{ target, want string }{
		"a query":      {"/a?token=b", "/a"},
		"nothing":      {"", ""},
		"controls":     {"/\x00\x1b[31m\n\x7f", "/??[31m??"},
		"other bytes":  {"/\xff\xc3\xa9", "/???"},
		"a long path":  {"/" + strings.Repeat("x", 5000), "/" + strings.Repeat("x", longestPath-1) + "…"},
		"as it may be": {"/" + strings.Repeat("x", longestPath-1), "/" + strings.Repeat("x", longestPath-1)},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Path(c.target)) })
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	o := New().For(nil)
	e := answered()
	for range 2 * SlowMost {
		o.Observe(e)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { o.Observe(e) }))
}

func BenchmarkObserve(b *testing.B) {
	o := New().For([]config.Path{{Prefix: "/a"}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e := answered(func(e *access.Entry) { e.Path = 0 })
		for pb.Next() {
			o.Observe(e)
		}
	})
}

func BenchmarkCounts(b *testing.B) {
	m := New()
	m.For(nil).Observe(answered())
	for b.Loop() {
		m.Counts()
	}
}
