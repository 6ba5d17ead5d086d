package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/python/spool"
)

func TestReconfigureReachesWhatWaits(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	second := th.queued(1, "GET", "/second", &client{})

	cfg := patient()
	cfg.QueueSize, cfg.QueueTimeout = 0, time.Millisecond
	th.Reconfigure(cfg, spool.Limits{Memory: 1})
	assert.ErrorIs(t, receive(t, second, "it waits as long as it could before").err, ErrQueueTimeout)
	assert.ErrorIs(t, th.ask("GET", "/third", &client{}).err, ErrQueueFull)

	th.Reconfigure(patient(), spool.Limits{Memory: 1})
	fourth := th.queued(1, "GET", "/fourth", &client{})
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "what runs is not disturbed").body)
	th.enter().say("answer 4")
	assert.Equal(t, "4", receive(t, fourth, "no answer").body)
}
