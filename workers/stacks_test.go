package workers

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

func TestStacksOfAllThreads(t *testing.T) {
	_, slot := stuckIn(t, "sleep")
	w := slot.worker
	var stacks []Stack
	require.Eventually(t, func() bool { // it says that it will be stuck just before
		stacks = w.Stacks()
		return len(stacks) > 0 && strings.Contains(stacks[0].Text, ", in sleep\n")
	}, deadline, time.Millisecond)
	require.Len(t, stacks, len(w.Slots()))
	assert.Equal(t, "/sleep", stacks[0].Serving.Target)
	assert.Regexp(t, `(?s)^  File ".*stuck.py", line \d+, in application\n.* in get_stuck\n.* in sleep\n`, stacks[0].Text)
	for _, idle := range stacks[1:] {
		assert.Empty(t, idle.Text)
		assert.Empty(t, idle.Serving.Method)
		assert.False(t, idle.Dumped)
	}
}

func TestStacksWhereAThreadKeepsTheGIL(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux sends a signal to one thread of another process")
	}
	_, slot := stuckIn(t, "gil")
	var stacks []Stack
	require.Eventually(t, func() bool { // it says that it will be stuck just before
		stacks = slot.worker.Stacks()
		return len(stacks) > 0 && stacks[0].Dumped
	}, deadline, time.Millisecond)
	assert.Regexp(t, `stuck.py", line \d+ in gil\n`, stacks[0].Text)
}

func TestStacksOfAWorkerThatDoesNotAnswer(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	w := r.ready()
	stacks := w.Stacks()
	require.Len(t, stacks, len(w.Slots()))
	assert.Equal(t, Stack{Stack: python.Stack{Slot: 0}, Serving: stacks[0].Serving, Dumped: true}, stacks[0])
}

func TestStacksWhenTheWorkerDies(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "dies when asked where", "ready"))
	w := r.ready()
	assert.Empty(t, w.Stacks())
	<-w.exited
	assert.Empty(t, w.Stacks(), "and then nobody is asked")
}

// The late answer to somebody else is not the one that is waited for, and what nobody understands is none.
func TestStacksAfterOthers(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "says where twice"))
	w := r.ready()
	for range 2 {
		stacks, found := r.pool.Stacks(w.PID())
		require.True(t, found)
		require.Len(t, stacks, 1)
		assert.Equal(t, "here", stacks[0].Text)
	}
	r.await(1, "control frame not understood", "kind", python.KindStacks.String())
	_, found := r.pool.Stacks(w.PID() + 1)
	assert.False(t, found)
}
