package workers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newSeatOf makes a seat that does not run, whose worker has just been lent.
func newSeatOf(t *testing.T, w *Worker) *seat {
	t.Helper()
	p := &Pool{}
	p.lent.Store(1)
	p.failures.log = newLogbook(t).logger()
	w.slots = []*Slot{{worker: w}, {worker: w}}
	return &seat{gen: &generation{pool: p}, pass: func() {}, worker: w, since: time.Now()}
}

// A worker that somebody kills is no sign that the next one will die: a server that waited longer each time would soon
// have none.
func TestOnlyAWorkerOfNoUseHasTheNextStartWait(t *testing.T) {
	cases := map[string]struct {
		before func(s *seat)
		waits  bool
	}{
		"it was never asked":        {func(*seat) {}, true},
		"it died of what it ran":    {func(s *seat) { s.worker.slots[1].Begin(newRequest("GET", "/", "")) }, true},
		"it was not lent yet":       {func(s *seat) { s.gate = make(chan struct{}) }, true},
		"it was lent for a while":   {func(s *seat) { s.since = time.Now().Add(-steady) }, false},
		"it has answered":           {func(s *seat) { begin(s.worker.slots[1], 1); s.worker.slots[1].Finish(time.Now()) }, false},
		"it has, and ran another":   {func(s *seat) { begin(s.worker.slots[1], 2) }, false},
		"its successor is starting": {func(s *seat) { s.booted = make(chan booted) }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := &Worker{}
			s := newSeatOf(t, w)
			c.before(s)
			assert.Same(t, w, s.leave())
			assert.Nil(t, s.worker)
			assert.Equal(t, c.waits, s.again != nil)
		})
	}
}

func begin(s *Slot, n int) {
	for range n {
		s.Begin(newRequest("GET", "/", ""))
	}
}

func TestWaitsAreShortWhileNobodyServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeatOf(t, &Worker{})
		s.failures = 1000
		assert.GreaterOrEqual(t, s.pause(), leastWait(1000), "another worker serves")
		start := time.Now()
		s.reconsider(<-s.again)
		require.NotNil(t, s.again, "it still does")
		s.gen.pool.lent.Store(0)
		s.reconsider(<-s.again)
		assert.Nil(t, s.again, "the last one has ended: the next start is now")
		assert.Equal(t, 2*impatience, time.Since(start))

		assert.Equal(t, impatience, s.pause())
		s.gen.pool.lent.Store(1)
		s.reconsider(<-s.again)
		assert.Nil(t, s.again)
	})
}

// A worker that is killed again and again, each time as soon as it has answered, is there again at once.
func TestKilledWorkersComeBack(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "hello"))
	for range 4 {
		w := r.ready()
		assert.Equal(t, "hello from /", ask(t, w.Slots()[0], "GET", "/", ""))
		killHard(t, w)
		assert.Same(t, w, receive(t, r.withdrawn, "the slots were not taken back"))
		assert.LessOrEqual(t, r.pool.lent.Load(), int32(1))
	}
	r.ready()
	assert.EqualValues(t, 1, r.pool.lent.Load())
}
