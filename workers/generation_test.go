package workers

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// reload asks for another generation, and returns when it boots or is the next to do so.
func (r *running) reload(cfg config.Workers, program Program) <-chan error {
	result := r.pool.ask(plan{cfg, grace, program}).done
	r.pool.Resize(0) // the supervisor has dealt with it
	return result
}

func (r *running) reloaded(result <-chan error) error {
	r.t.Helper()
	return receive(r.t, result, "the reload does not end")
}

func TestReloadLendsTheNewBeforeItTakesBackTheOld(t *testing.T) {
	r := startPool(t, several(2), grace, scriptProgram(t, "ready"))
	old := []*Worker{r.ready(), r.ready()}
	program, cue := cued(t, scriptProgram(t, "ready", "ready", "ready on cue"))
	cfg := several(3)
	cfg.Threads = 2
	result := r.reload(cfg, program)
	r.await(4, "worker state", "state", "loaded") // the old ones, and two of the new
	assert.Empty(t, r.offered, "none of them is lent before all are loaded")
	assert.Empty(t, r.withdrawn)
	cue()
	require.NoError(t, r.reloaded(result))
	receive(t, r.withdrawn, "the old ones are not taken back")
	require.Len(t, r.offered, 3, "all were offered before the first was withdrawn")
	ids := map[int]bool{}
	for range 3 {
		w := r.ready()
		ids[w.ID()] = true
		assert.Len(t, w.Slots(), 2)
		assert.Equal(t, Ready, w.State())
	}
	assert.Equal(t, map[int]bool{1: true, 2: true, 3: true}, ids)
	for _, w := range old {
		line := r.await(1, "worker exited", "pid", pidText(w))[0]
		assert.Equal(t, "exit status 0", line.attrs["exit"])
	}
}

func TestReloadThatFailsChangesNothing(t *testing.T) {
	cases := map[string]struct {
		scripts []string
		timeout time.Duration
		want    func(*testing.T, error)
	}{
		"one of three does not load": {
			[]string{"ready", "failed, stays", "ready"}, deadline,
			func(t *testing.T, err error) {
				var load *LoadError
				require.ErrorAs(t, err, &load)
				assert.Equal(t, "it did not load", load.Traceback)
			},
		},
		"one is not ready in time": {
			[]string{"silent", "ready"}, 2 * time.Second, // no other one needs as long
			func(t *testing.T, err error) { assert.ErrorIs(t, err, ErrBootTimeout) },
		},
		"they die again and again": {
			[]string{"exit 7"}, deadline,
			func(t *testing.T, err error) {
				var died *DiedError
				require.ErrorAs(t, err, &died)
				assert.Equal(t, "exit status 7", died.Exit)
			},
		},
		"they speak nonsense": {
			[]string{"ready", "unknown kind"}, deadline,
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "it answered with kind 77") },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
			old := r.ready()
			cfg := several(3)
			cfg.BootTimeout = c.timeout
			c.want(t, r.reloaded(r.reload(cfg, scriptProgram(t, c.scripts...))))
			assert.Equal(t, Ready, old.State())
			assert.Empty(t, r.offered)
			assert.Empty(t, r.withdrawn)

			killHard(t, old) // and the old generation is kept running
			assert.Equal(t, old.ID(), r.ready().ID())
			require.NoError(t, r.reloaded(r.reload(several(1), scriptProgram(t, "ready"))), "the next one is not harmed")
			r.ready()
		})
	}
}

func TestReloadWithoutAPython(t *testing.T) {
	r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
	old := r.ready()
	program := scriptProgram(t, "ready")
	program.Python = "/no/python"
	assert.ErrorAs(t, r.reloaded(r.reload(several(1), program)), new(*PythonError))
	assert.Equal(t, Ready, old.State())
}

func TestReloadOutlivesWorkersThatAreKilled(t *testing.T) {
	t.Run("one that boots", func(t *testing.T) {
		r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
		r.ready()
		require.NoError(t, r.reloaded(r.reload(several(2), scriptProgram(t, "ready", "killed", "killed", "ready"))))
		r.ready()
		r.ready()
	})
	t.Run("one that waits for the others", func(t *testing.T) {
		r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
		first := r.ready()
		program, cue := cued(t, scriptProgram(t, "ready", "ready on cue", "ready"))
		result := r.reload(several(2), program)
		waits := r.await(2, "worker state", "state", "loaded")[1]
		killPID(t, waits.attrs["pid"])
		r.await(3, "worker state", "state", "loaded")
		assert.Empty(t, r.withdrawn)
		cue()
		require.NoError(t, r.reloaded(result))
		for range 2 {
			assert.NotEqual(t, waits.attrs["pid"], pidText(r.ready()))
		}
		r.await(1, "worker exited", "pid", waits.attrs["pid"], "exit", "killed by SIGKILL")
		assert.Same(t, first, receive(t, r.withdrawn, "the old one is not taken back"))
		assert.Empty(t, r.withdrawn, "what was never lent is not taken back")
	})
	t.Run("one of the old", func(t *testing.T) {
		r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
		old := r.ready()
		program, cue := cued(t, scriptProgram(t, "ready on cue"))
		result := r.reload(several(1), program)
		killHard(t, old)
		assert.Equal(t, old.ID(), r.ready().ID(), "it is replaced while the new one boots")
		cue()
		require.NoError(t, r.reloaded(result))
		r.ready()
	})
}

func TestReloadsAtTheSameTime(t *testing.T) {
	r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
	r.ready()
	program, cue := cued(t, scriptProgram(t, "ready on cue"))
	first := r.reload(several(1), program)
	second := r.reload(several(5), scriptProgram(t, "ready"))
	third := r.reload(several(2), scriptProgram(t, "ready"))
	assert.ErrorIs(t, r.reloaded(second), ErrSuperseded)
	assert.Empty(t, first, "what has begun is not given up")
	cue()
	assert.NoError(t, r.reloaded(first))
	assert.NoError(t, r.reloaded(third))
	r.ready()
	r.ready()
	r.ready()
	assert.Empty(t, r.offered)
	assert.Equal(t, 2, r.pool.Resize(0))
}

func TestStopWithinAReload(t *testing.T) {
	r := startPool(t, several(2), grace, scriptProgram(t, "ready"))
	r.ready()
	program, _ := cued(t, scriptProgram(t, "ready", "ready on cue"))
	result := r.reload(several(2), program)
	r.await(3, "worker state", "state", "loaded") // two of the old and one of the new
	waiting := r.reload(several(2), program)
	r.stop()
	assert.ErrorIs(t, r.reloaded(result), ErrStopped)
	assert.ErrorIs(t, r.reloaded(waiting), ErrStopped)
	require.NoError(t, r.wait())
	_, err := r.pool.Reload(several(2), grace, program)
	assert.ErrorIs(t, err, ErrStopped)
	assert.Zero(t, r.pool.Resize(1))
}

// Streams of the old generation may be long: the pool does not wait for them, and a stop has its deadline for them, too.
func TestStopCutsWhatAReloadDrains(t *testing.T) {
	r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
	old := r.ready()
	busy := r.hold()
	require.NoError(t, r.reloaded(r.reload(several(1), scriptProgram(t, "ready"))))
	r.ready()
	assert.Same(t, old, receive(t, r.withdrawn, "the old one is not taken back"))
	assert.Equal(t, Draining, old.State())
	r.stop()
	receive(t, r.withdrawn, "the new one is not taken back")
	r.cut()
	require.NoError(t, r.wait())
	assert.Equal(t, "killed by SIGKILL", r.await(1, "worker exited", "pid", pidText(old))[0].attrs["exit"])
	close(busy)
}

// The first generation may not be complete yet, or ever be.
func TestReloadOfAStartThatHangs(t *testing.T) {
	r := startPool(t, several(2), grace, scriptProgram(t, "ready", "silent"))
	first := r.ready()
	require.NoError(t, r.reloaded(r.reload(several(1), scriptProgram(t, "ready"))))
	assert.NotSame(t, first, r.ready())
	assert.Same(t, first, receive(t, r.withdrawn, "the old one is not taken back"))
}

func TestResize(t *testing.T) {
	r := startPool(t, several(1), grace, scriptProgram(t, "ready"))
	first := r.ready()
	assert.Equal(t, 2, r.pool.Resize(1))
	second := r.ready()
	assert.Equal(t, 2, second.ID())
	assert.Equal(t, 1, r.pool.Resize(-1))
	assert.Same(t, second, receive(t, r.withdrawn, "the last one is not taken back"))
	assert.Equal(t, 1, r.pool.Resize(-1), "one always stays")
	assert.Equal(t, "exit status 0", r.await(1, "worker exited", "pid", pidText(second))[0].attrs["exit"])
	assert.Equal(t, 3, r.pool.Resize(2))
	assert.ElementsMatch(t, []int{2, 3}, []int{r.ready().ID(), r.ready().ID()})
	require.NoError(t, r.reloaded(r.reload(several(2), scriptProgram(t, "ready"))))
	assert.Equal(t, 2, r.pool.Resize(0), "a reload goes back to its configuration")
	assert.NotEqual(t, first.PID(), r.ready().PID())
	r.ready()
	assert.Empty(t, r.offered)
}

// What a generation said before it was put in force must not end the server afterwards.
func TestNothingEndsAServerThatRuns(t *testing.T) {
	p, err := New(several(1), grace, scriptProgram(t, "ready"), nil, newLogbook(t).logger())
	require.NoError(t, err)
	g := &generation{pool: p, gate: make(chan struct{}), failed: make(chan error, 1)}
	s := g.newSeat(1)
	s.failures = 100
	for name, err := range map[string]error{
		"load": &LoadError{}, "died": &DiedError{}, "python": &PythonError{}, "late": ErrBootTimeout, "other": errors.New("other"),
	} {
		assert.True(t, s.hopeless(err), "%s, before the gate was opened", name)
	}
	s.gate = nil
	assert.True(t, s.hopeless(&LoadError{}), "the very first start")
	assert.False(t, s.hopeless(ErrBootTimeout))
	p.wasReady.Store(true)
	for name, err := range map[string]error{
		"load": &LoadError{}, "died": &DiedError{}, "python": &PythonError{}, "late": ErrBootTimeout, "other": errors.New("other"),
	} {
		assert.False(t, s.hopeless(err), "%s, in a server that runs", name)
	}
}

// Who is told that a reload is done must not be answered by what was there before.
func TestAReloadIsDoneWhenNothingOfTheOldIsLent(t *testing.T) {
	program := scriptProgram(t, "ready")
	r := startPool(t, several(3), grace, program)
	old := []*Worker{r.ready(), r.ready(), r.ready()}
	for range 20 {
		_, err := r.pool.Reload(several(3), grace, program)
		require.NoError(t, err)
		require.Len(t, r.withdrawn, 3)
		var gone []*Worker
		for range old {
			gone = append(gone, <-r.withdrawn)
		}
		require.ElementsMatch(t, old, gone)
		old = []*Worker{r.ready(), r.ready(), r.ready()}
	}
}
