package dispatch

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python/spool"
)

func TestReconfigureReachesWhatWaits(t *testing.T) {
	th := newTheatre(t, patient(), 1, 1)
	first := th.begin("GET", "/first")
	a := th.enter()
	second := th.queued(1, "GET", "/second", &client{})

	cfg := patient()
	cfg.QueueSize, cfg.QueueTimeout = 0, time.Millisecond
	th.Reconfigure(cfg, nil, spool.Limits{Memory: 1})
	assert.ErrorIs(t, receive(t, second, "it waits as long as it could before").err, ErrQueueTimeout)
	assert.ErrorIs(t, th.ask("GET", "/third", &client{}).err, ErrQueueFull)

	th.Reconfigure(patient(), nil, spool.Limits{Memory: 1})
	fourth := th.queued(1, "GET", "/fourth", &client{})
	a.say("answer 1")
	assert.Equal(t, "1", receive(t, first, "what runs is not disturbed").body)
	th.enter().say("answer 4")
	assert.Equal(t, "4", receive(t, fourth, "no answer").body)
}

func TestTimeoutOfAPathPrefix(t *testing.T) {
	soon, never := 50*time.Millisecond, time.Duration(0)
	cfg := patient()
	cfg.Timeout = 500 * time.Millisecond
	th := newTheatre(t, cfg, 1, 2)
	th.Reconfigure(cfg, []config.Path{{Prefix: "/soon", Timeout: &soon}, {Prefix: "/never", Timeout: &never}, {Prefix: "/as-all"}},
		spool.Limits{Memory: 1})
	under := func(path int) result {
		req := newRequest("GET", "/x", &client{})
		defer req.Release()
		req.Path = path
		return th.run(req)
	}
	patientOne := make(chan result, 1)
	go func() { patientOne <- under(1) }()
	a := th.enter()
	for name, c := range map[string]struct {
		path int
		want time.Duration
	}{"its own": {0, soon}, "that of all": {2, cfg.Timeout}, "none fits": {config.NoPath, cfg.Timeout}, "gone since a reload": {3, cfg.Timeout}} {
		result := make(chan time.Duration, 1)
		go func() {
			got := under(c.path)
			assert.ErrorIs(t, got.err, ErrTimeout, name)
			result <- got.trace.Ran
		}()
		b := th.enter()
		ran := receive(t, result, name)
		b.say("answer too late")
		assert.GreaterOrEqual(t, ran, c.want, name)
		if c.want == soon {
			assert.Less(t, ran, cfg.Timeout, name)
		}
	}
	a.say("answer in the end")
	assert.Equal(t, "in the end", receive(t, patientOne, "no answer").body)
}

// A full disk makes every large response say so.
func TestDiskThatFailsIsLoggedOnceInAWhile(t *testing.T) {
	var log bytes.Buffer
	d, err := New(patient(), nil, spool.Limits{Memory: 1, File: 1 << 20, Dir: t.TempDir() + "/missing"}, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	t.Cleanup(d.drivers.Release)
	for range 3 {
		s := spool.New(d.cfg().limits)
		n, err := s.WriteNow(make([]byte, 2*spool.PieceSize))
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		s.Close()
	}
	assert.Equal(t, 1, strings.Count(log.String(), `level=WARN msg="response not stored on disk" error="open `), log.String())
}
