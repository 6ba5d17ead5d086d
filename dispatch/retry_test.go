package dispatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/workers"
)

func TestWhichRequestsAreRunAgain(t *testing.T) {
	cases := map[string]struct {
		retry  config.Retry
		method string
		again  bool
	}{
		"idempotent, a GET":    {config.RetryIdempotent, "GET", true},
		"idempotent, a DELETE": {config.RetryIdempotent, "DELETE", true},
		"idempotent, a POST":   {config.RetryIdempotent, "POST", false},
		"never, a GET":         {config.RetryNever, "GET", false},
		"always, a POST":       {config.RetryAlways, "POST", true},
		"always, a PATCH":      {config.RetryAlways, "PATCH", true},
		"nothing said":         {"", "GET", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := patient()
			cfg.Retry = c.retry
			th := newTheatre(t, cfg, 2, 1)
			results := th.begin(c.method, "/x")
			a := th.enter()
			a.die()
			if !c.again {
				got := receive(t, results, "no result")
				assert.ErrorIs(t, got.err, workers.ErrWorkerDied)
				assert.NotErrorIs(t, got.err, ErrKiller)
				assert.Equal(t, 1, got.trace.Tries)
				assert.NotContains(t, th.log.String(), "request is run again")
				return
			}
			b := th.enter()
			assert.NotEqual(t, a.pid, b.pid)
			b.say("answer again")
			assert.Equal(t, "again", receive(t, results, "no answer").body)
			th.logs(`msg="request is run again" method=` + c.method + ` target=/x request_id=id`)
		})
	}
}

func TestRequestThatKillsTwoWorkersIsNotRunAThirdTime(t *testing.T) {
	for _, retry := range []config.Retry{config.RetryIdempotent, config.RetryAlways} {
		t.Run(string(retry), func(t *testing.T) {
			cfg := patient()
			cfg.Retry = retry
			th := newTheatre(t, cfg, 3, 1)
			results := th.begin("GET", "/killer")
			th.enter().die()
			th.enter().die()
			got := receive(t, results, "no result")
			assert.ErrorIs(t, got.err, workers.ErrWorkerDied)
			assert.ErrorIs(t, got.err, ErrKiller)
			assert.ErrorContains(t, got.err, "each worker that ran it died, so it is not run again (2 of them): the worker died")
			assert.Equal(t, 2, got.trace.Tries)
			last := th.begin("GET", "/echo/alive")
			assert.Equal(t, "/echo/alive", receive(t, last, "no answer").body)
		})
	}
}

// Whoever is killed at the end of its time was not killed by its request, and nobody is there to run it again.
func TestRequestThatIsCutAtAStopIsNotRunAgain(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	results := th.begin("GET", "/hangs")
	th.enter()
	th.stop()
	got := receive(t, results, "no result")
	require.ErrorIs(t, got.err, workers.ErrWorkerKilled)
	assert.NotContains(t, th.log.String(), "request is run again")
}
