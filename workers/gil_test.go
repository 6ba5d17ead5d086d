package workers

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched asks the workers all the time until the test ends.
func watched(t *testing.T, p *Pool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { // ends with the test
		defer close(ended)
		p.watchGIL(ctx, time.Millisecond)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestHowLongThreadsWaitForTheGIL(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "hello"))
	w := r.ready()
	wait := func() GILWait { return w.gil.state(time.Now()) }
	assert.Zero(t, wait(), "nobody has asked")
	watched(t, r.pool)
	require.Eventually(t, func() bool { return wait().Count >= 3 }, deadline, time.Millisecond)
	assert.Positive(t, wait().Sum)
	assert.Positive(t, wait().Recent)
	assert.Equal(t, "hello from /", ask(t, w.Slots()[0], "GET", "/", ""), "the thread is not disturbed")
	require.Len(t, r.pool.State().Workers, 1)
	assert.Positive(t, r.pool.State().Workers[0].GIL.Count)
}

// What lasts counts before it is over: an operator looks just then.
func TestAGILThatIsNotGivenUp(t *testing.T) {
	r, slot := stuckIn(t, "gil")
	watched(t, r.pool)
	require.Eventually(t, func() bool {
		return slot.worker.gil.state(time.Now()).Recent >= 50*time.Millisecond
	}, deadline, time.Millisecond)
}

func TestAverageOfWaits(t *testing.T) {
	var g gil
	at := time.Now()
	g.hear(at)
	assert.Zero(t, g.state(at), "an answer to nobody")
	measure := func(wait time.Duration) {
		require.True(t, g.ask(at))
		assert.False(t, g.ask(at), "one after the other")
		at = at.Add(wait)
		g.hear(at)
	}
	measure(8 * time.Millisecond)
	assert.Equal(t, GILWait{1, 8 * time.Millisecond, 8 * time.Millisecond}, g.state(at))
	measure(16 * time.Millisecond)
	assert.Equal(t, GILWait{2, 24 * time.Millisecond, 9 * time.Millisecond}, g.state(at))
	require.True(t, g.ask(at))
	assert.Equal(t, GILWait{2, 24 * time.Millisecond, time.Second}, g.state(at.Add(time.Second)), "the one under way")
}
