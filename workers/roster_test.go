package workers

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

func TestThePoolSaysWhatItsProcessesDo(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	w := r.ready()
	state := r.pool.State()
	require.Len(t, state.Workers, 1)
	got := state.Workers[0]
	assert.Equal(t, 1, got.ID)
	assert.Equal(t, w.PID(), got.PID)
	assert.Equal(t, 1, got.Generation)
	assert.Equal(t, Ready, got.State)
	assert.WithinDuration(t, time.Now(), got.Started, deadline)
	assert.Equal(t, []SlotState{{}}, got.Threads)
	if residentSize(os.Getpid()) > 0 {
		assert.Positive(t, got.RSS)
	}

	_, err := r.pool.Reload(several(2), grace, scriptProgram(t, "ready"))
	require.NoError(t, err)
	r.ready()
	r.ready()
	receive(t, r.withdrawn, "the old one is not taken back")
	<-w.exited
	state = r.pool.State()
	require.Len(t, state.Workers, 2)
	for i, got := range state.Workers {
		assert.Equal(t, i+1, got.ID)
		assert.Equal(t, 2, got.Generation)
	}
	assert.EqualValues(t, 1, state.Restarts[Reloaded])
}

func TestCausesOfRestartsAreCounted(t *testing.T) {
	counts := func(r *running, cause Cause) func() bool {
		return func() bool { return r.pool.State().Restarts[cause] == 1 }
	}
	t.Run("it died", func(t *testing.T) {
		r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
		require.NoError(t, r.ready().handle.Kill())
		r.ready()
		require.Eventually(t, counts(r, Died), deadline, time.Millisecond)
	})
	t.Run("it was retired", func(t *testing.T) {
		r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
		r.ready().Retire(Overdue, "a test wants it")
		r.ready()
		require.Eventually(t, counts(r, Overdue), deadline, time.Millisecond)
		assert.Zero(t, r.pool.State().Restarts[Died])
	})
	t.Run("it has served its requests", func(t *testing.T) {
		r := startPool(t, worn(1, 1), grace, scriptProgram(t, "ready"))
		r.ready().wear.add()
		r.ready()
		require.Eventually(t, counts(r, MaxRequests), deadline, time.Millisecond)
	})
	t.Run("it did not start", func(t *testing.T) {
		r := startPool(t, oneWorker(), grace, scriptProgram(t, "exit 7", "ready"))
		require.Eventually(t, func() bool { return r.pool.State().Failed == 1 }, deadline, time.Millisecond)
	})
}

func TestCauseOfAReason(t *testing.T) {
	for reason, want := range map[string]Cause{
		"max_requests": MaxRequests, "max_lifetime": MaxLifetime, "max_rss": MaxRSS, "max_rss_hard": MaxRSS,
	} {
		assert.Equal(t, want, causeOf(reason), reason)
	}
}

func TestASlotSaysWhatItsThreadDoes(t *testing.T) {
	s := &Slot{worker: &Worker{}}
	assert.Equal(t, SlotState{}, s.State())
	req := python.NewRequest(&python.Meta{
		Method: []byte("GET"), Target: []byte("/a?b"), Path: []byte("/a"), Protocol: []byte("HTTP/1.1"), Scheme: "http", RequestID: []byte("id"),
	}, python.Body{}, nil)
	s.Begin(req)
	busy := s.State()
	assert.WithinDuration(t, time.Now(), busy.Since, deadline)
	want := SlotState{Busy: true, Since: busy.Since, Method: "GET", Target: "/a?b", RequestID: "id"}
	assert.Equal(t, want, busy)

	s.Leave() // its memory is another's from now on
	req.Release()
	assert.Equal(t, want, s.State())
	s.mark()
	want.Stuck = true
	assert.Equal(t, want, s.State())
	back := time.Now()
	s.Finish(back)
	assert.Equal(t, SlotState{Since: back}, s.State())
	s.Begin(req)
	assert.False(t, s.State().Stuck)
}

func TestMemoryIsNotLookedAtAllTheTime(t *testing.T) {
	var w weight
	now := time.Now()
	first := w.of(os.Getpid(), now)
	assert.Equal(t, first, w.of(-1, now.Add(rssAge-1)))
	assert.Zero(t, w.of(-1, now.Add(rssAge)))
}
