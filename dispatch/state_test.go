package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python/spool"
)

func TestStateSaysWhatRunsAndWhatWaits(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	size := 7
	th.Reconfigure(patient(), []config.Path{{Prefix: "/narrow", Slots: 1, QueueSize: &size}}, spool.Limits{Memory: 1 << 20})
	s := th.State()
	assert.Equal(t, State{Threads: 2, Idle: 2, Shares: []ShareState{{Size: 1000}, {Prefix: "/narrow", Size: size, Slots: 1}}}, s)
	assert.Zero(t, s.Oldest())

	first := th.begin("GET", "/narrow/1")
	a := th.enter()
	second := th.queued(1, "GET", "/narrow/2", &client{})
	other := th.begin("GET", "/wide")
	b := th.enter()
	s = th.State()
	assert.Equal(t, 2, s.Busy)
	assert.Equal(t, 0, s.Idle)
	assert.Equal(t, 1, s.Waiting())
	require.Len(t, s.Shares, 2)
	assert.Equal(t, 1, s.Shares[0].Busy)
	narrow := s.Shares[1]
	assert.Equal(t, 1, narrow.Busy)
	assert.Equal(t, 1, narrow.Waiting)
	assert.Positive(t, narrow.Oldest)
	assert.Less(t, narrow.Oldest, deadline)
	assert.Equal(t, narrow.Oldest, s.Oldest())

	a.say("answer a")
	c := th.enter()
	b.say("answer b")
	c.say("answer c")
	for _, result := range []<-chan result{first, second, other} {
		assert.NoError(t, receive(t, result, "it waits on").err)
	}
	require.Eventually(t, func() bool { return th.State().Idle == 2 }, deadline, time.Millisecond, "threads come back after the answer")
	assert.Zero(t, th.State().Busy)
}

func TestStateCountsRetries(t *testing.T) {
	th := newTheatre(t, patient(), 2, 1)
	running := th.begin("GET", "/a")
	th.enter().die()
	th.enter().say("answer again")
	assert.Equal(t, "again", receive(t, running, "it is not run again").body)
	assert.EqualValues(t, 1, th.State().Retries)
}

func TestAThreadPastItsDeadlineIsStuckUntilItIsBack(t *testing.T) {
	cfg := hasty()
	cfg.Interrupt = false
	th := newTheatre(t, cfg, 1, 1)
	slot := th.lanes[0].worker.Slots()[0]
	late := th.begin("GET", "/late")
	a := th.enter()
	assert.False(t, slot.State().Stuck)
	assert.ErrorIs(t, receive(t, late, "no result").err, ErrTimeout)
	th.logs("request timed out")
	state := slot.State()
	assert.True(t, state.Busy)
	assert.True(t, state.Stuck)
	assert.Equal(t, "/late", state.Target)
	a.say("answer too late")
	th.logs("thread is back")
	require.Eventually(t, func() bool { return !slot.State().Busy }, deadline, time.Millisecond)
	assert.False(t, slot.State().Stuck)
	assert.WithinDuration(t, time.Now(), slot.State().Since, deadline)
}
