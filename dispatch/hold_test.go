package dispatch

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/workers"
)

func TestHeldWorkersFinishAndBeginNothing(t *testing.T) {
	th := newTheatre(t, patient(), 1, 2)
	running := th.begin("GET", "/before")
	before := th.enter()
	th.Hold()
	waiting := th.queued(1, "GET", "/waits", &client{})
	before.say("answer finished")
	assert.Equal(t, "finished", receive(t, running, "it runs on").body)
	assert.Equal(t, 1, th.waitingNow(), "neither thread takes it")
	th.Resume()
	after := th.enter()
	after.say("answer resumed")
	assert.Equal(t, "resumed", receive(t, waiting, "it waits on").body)
	assert.Equal(t, before.pid, after.pid)
}

func TestHeldRequestsAreForWorkersThatComeThen(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	old := th.lanes[0].worker
	th.Hold()
	waiting := th.queued(1, "GET", "/a", &client{})
	old.Retire(workers.Broken, "the test has another one come")
	a := th.enter()
	assert.NotEqual(t, old.PID(), a.pid)
	a.say("answer new")
	assert.Equal(t, "new", receive(t, waiting, "no worker took it").body)
}

func TestWhatWaitsForBetterWorkersWaitsNoLongerThanOthers(t *testing.T) {
	cfg := patient()
	cfg.QueueTimeout = 1
	th := newTheatre(t, cfg, 1, 1)
	th.Hold()
	assert.ErrorIs(t, th.ask("GET", "/a", &client{}).err, ErrQueueTimeout)
}
