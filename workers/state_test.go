package workers

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStateOnlyMovesForward(t *testing.T) {
	all := []State{Booting, Loaded, Ready, Draining, Exited}
	for _, from := range all {
		for _, to := range all {
			log := newLogbook(t)
			w := &Worker{process: process{log: log.logger()}}
			w.state.Store(int32(from))
			assert.Equal(t, to > from, w.become(to), "%v to %v", from, to)
			assert.Equal(t, max(from, to), w.State())
			lines, _ := log.find("worker state", "was", from.String(), "state", to.String())
			assert.Equal(t, to > from, len(lines) == 1, "a change, and only that, is logged")
		}
	}
	assert.Equal(t, "unknown", State(99).String())
}

// path returns the states that a worker went through, as they were logged.
func (r *running) path(w *Worker) []string {
	r.t.Helper()
	r.await(1, "worker state", "pid", pidText(w), "state", Exited.String())
	lines, _ := r.find("worker state", "pid", pidText(w))
	path := []string{Booting.String()}
	for _, line := range lines {
		require.Equal(r.t, path[len(path)-1], line.attrs["was"])
		path = append(path, line.attrs["state"])
	}
	return path
}

// Each way through the states is taken by a real process.
func TestWaysThroughTheStates(t *testing.T) {
	cases := map[string]struct {
		end  func(*testing.T, *running, *Worker)
		want []string
	}{
		"asked to end": {
			func(_ *testing.T, r *running, _ *Worker) { r.stop() }, []string{"booting", "loaded", "ready", "draining", "exited"},
		},
		"killed": {
			func(t *testing.T, _ *running, w *Worker) { killHard(t, w) }, []string{"booting", "loaded", "ready", "exited"},
		},
		"killed while it drains": {
			func(t *testing.T, r *running, w *Worker) {
				busy := r.hold()
				t.Cleanup(func() { close(busy) })
				w.Retire(Broken, "a test wants it")
				receive(t, r.withdrawn, "the slots were not taken back")
				killHard(t, w)
			},
			[]string{"booting", "loaded", "ready", "draining", "exited"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
			w := r.ready()
			c.end(t, r, w)
			assert.Equal(t, c.want, r.path(w))
		})
	}
}

func TestWorkerThatDiesAtItsBootWasNeverMore(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "exit 7", "ready"))
	r.ready()
	lines, _ := r.find("worker state", "was", Booting.String(), "state", Exited.String())
	assert.Len(t, lines, 1)
}
