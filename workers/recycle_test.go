package workers

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// worn is a configuration in which a worker has served its time after n requests.
func worn(workers, n int) config.Workers {
	cfg := several(workers)
	cfg.MaxRequests = n
	return cfg
}

func TestWorkerIsRecycledAfterItsRequests(t *testing.T) {
	r := startPool(t, worn(1, 3), grace, pythonProgram(t, "hello"))
	old := r.ready()
	for range 2 {
		ask(t, old.Slots()[0], "GET", "/x", "")
	}
	r.pool.Resize(0)
	assert.Empty(t, r.pool.recycling, "its time has not come")
	busy := r.hold()
	ask(t, old.Slots()[0], "GET", "/x", "")
	assert.Same(t, old, receive(t, r.withdrawn, "it is not taken back"))
	next := receive(t, r.offered, "")
	assert.Equal(t, Ready, next.State())
	assert.Equal(t, Draining, old.State())
	assert.Equal(t, old.ID(), next.ID())
	line := r.await(1, "worker is recycled", "pid", pidText(old))[0]
	assert.Equal(t, slog.LevelInfo, line.level)
	assert.Equal(t, "max_requests", line.attrs["reason"])
	assert.Equal(t, "3", line.attrs["requests"])
	close(busy)
	line = r.await(1, "worker exited", "pid", pidText(old))[0]
	assert.Equal(t, slog.LevelInfo, line.level)
	assert.Equal(t, "exit status 0", line.attrs["exit"])
}

func TestSuccessorIsReadyBeforeTheOldDrains(t *testing.T) {
	program, cue := cued(t, scriptProgram(t, "ready", "ready on cue"))
	r := startPool(t, worn(1, 1), grace, program)
	old := r.ready()
	old.wear.add()
	r.await(1, "worker state") // it has come this far
	require.Eventually(t, func() bool { return len(r.pool.recycling) == 1 }, deadline, time.Millisecond)
	assert.Equal(t, Ready, old.State())
	assert.Empty(t, r.withdrawn)
	cue()
	r.ready()
	assert.Same(t, old, receive(t, r.withdrawn, "it is not taken back"))
}

func TestOneIsRecycledAtATime(t *testing.T) {
	r := startPool(t, worn(3, 1), grace, scriptProgram(t, "ready"))
	old := []*Worker{r.ready(), r.ready(), r.ready()}
	busy := r.hold()
	for _, w := range old {
		w.wear.add()
	}
	for range old {
		drains := receive(t, r.withdrawn, "nobody is recycled")
		assert.Contains(t, old, drains)
		r.ready()
		r.pool.Resize(0)
		assert.Len(t, r.pool.recycling, 1)
		assert.Empty(t, r.offered, "the others wait")
		assert.Empty(t, r.withdrawn)
		over := busy
		busy = r.hold() // of the next one
		close(over)
	}
	close(busy)
	require.Eventually(t, func() bool { return len(r.pool.recycling) == 0 }, deadline, time.Millisecond)
}

func TestSuccessorThatDoesNotStartLeavesTheOldInPlace(t *testing.T) {
	for _, script := range []string{"failed, stays", "exit 7", "unknown kind"} {
		t.Run(script, func(t *testing.T) {
			program, cue := cued(t, scriptProgram(t, "ready", script, "ready on cue"))
			r := startPool(t, worn(1, 1), grace, program)
			old := r.ready()
			old.wear.add()
			r.await(1, "worker not started")
			assert.Equal(t, Ready, old.State())
			assert.Empty(t, r.withdrawn)
			cue() // to the next try
			r.ready()
			assert.Same(t, old, receive(t, r.withdrawn, "it is not taken back"))
		})
	}
}

func TestWorkerThatGoesWhileItsSuccessorBoots(t *testing.T) {
	cases := map[string]func(*testing.T, *Worker){
		"killed":  killHard,
		"retired": func(_ *testing.T, w *Worker) { w.Retire(Broken, "a test wants it") },
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			program, cue := cued(t, scriptProgram(t, "ready", "ready on cue", "exit 7"))
			r := startPool(t, worn(1, 1), grace, program)
			old := r.ready()
			old.wear.add()
			require.Eventually(t, func() bool { return len(r.pool.recycling) == 1 }, deadline, time.Millisecond)
			end(t, old)
			r.await(1, "worker exited", "pid", pidText(old))
			cue()
			next := r.ready()
			require.Eventually(t, func() bool { return len(r.pool.recycling) == 0 }, deadline, time.Millisecond, "the turn is given back")
			assert.Equal(t, Ready, next.State())
			lines, _ := r.find("worker is recycled")
			assert.Empty(t, lines)
		})
	}
}

func TestStopAndReloadWithinARecycling(t *testing.T) {
	begin := func(t *testing.T) (*running, *Worker) {
		program, _ := cued(t, scriptProgram(t, "ready", "ready on cue"))
		r := startPool(t, worn(1, 1), grace, program)
		old := r.ready()
		old.wear.add()
		require.Eventually(t, func() bool { return len(r.pool.recycling) == 1 }, deadline, time.Millisecond)
		return r, old
	}
	t.Run("stop", func(t *testing.T) {
		r, old := begin(t)
		r.stop()
		require.NoError(t, r.wait())
		assert.Equal(t, "exit status 0", r.await(1, "worker exited", "pid", pidText(old))[0].attrs["exit"])
		assert.Empty(t, r.pool.recycling)
	})
	t.Run("reload", func(t *testing.T) {
		r, old := begin(t)
		require.NoError(t, r.reloaded(r.reload(several(1), scriptProgram(t, "ready"))))
		r.ready()
		assert.Same(t, old, receive(t, r.withdrawn, "it is not taken back"))
		require.Eventually(t, func() bool { return len(r.pool.recycling) == 0 }, deadline, time.Millisecond, "the turn is given back")
	})
}

func TestMaxLifetime(t *testing.T) {
	cfg := several(1)
	cfg.MaxLifetime = time.Millisecond // looked at a second later
	r := startPool(t, cfg, grace, scriptProgram(t, "ready"))
	old := r.ready()
	r.ready()
	assert.Equal(t, "max_lifetime", r.await(1, "worker is recycled", "pid", pidText(old))[0].attrs["reason"])
}

func TestMaxRSS(t *testing.T) {
	cases := map[string]func(*config.Workers){
		"max_rss":      func(cfg *config.Workers) { cfg.MaxRSS = 1 },
		"max_rss_hard": func(cfg *config.Workers) { cfg.MaxRSS, cfg.MaxRSSHard = 1, 1 },
	}
	for want, set := range cases {
		t.Run(want, func(t *testing.T) {
			cfg := several(1)
			set(&cfg)
			r := startPool(t, cfg, grace, scriptProgram(t, "ready"))
			old := r.ready()
			r.ready()
			assert.Equal(t, want, r.await(1, "worker is recycled", "pid", pidText(old))[0].attrs["reason"])
		})
	}
}
