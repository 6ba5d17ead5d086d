package workers

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const policyIdle = uintptr(5) // SCHED_IDLE

func policyOf(t *testing.T, thread int) uintptr {
	t.Helper()
	policy, _, errno := syscall.Syscall(unix.SYS_SCHED_GETSCHEDULER, uintptr(thread), 0, 0)
	require.Zero(t, errno)
	return policy
}

// other starts a process whose policy is changed.
func other(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	require.NoError(t, setPolicy(cmd.Process.Pid, policyUsual))
	return cmd.Process.Pid
}

func TestAThreadGivesWayAndDoesNotAnyMore(t *testing.T) {
	s := &Slot{thread: other(t)}
	thread := s.thread
	for _, gives := range []bool{false, true, true, false, true} {
		s.GiveWay(gives)
		assert.Equal(t, gives, policyOf(t, thread) == policyBatch)
	}
}

func TestWhatSomebodyElseHasChosenStays(t *testing.T) {
	s := &Slot{thread: other(t)}
	thread := s.thread
	require.NoError(t, setPolicy(thread, policyIdle))
	s.GiveWay(true)
	s.GiveWay(false)
	assert.Equal(t, policyIdle, policyOf(t, thread))

	s = &Slot{thread: other(t)}
	thread = s.thread
	s.GiveWay(true)
	require.NoError(t, setPolicy(thread, policyIdle))
	s.GiveWay(false)
	s.GiveWay(true)
	assert.Equal(t, policyIdle, policyOf(t, thread))
}

func TestWhereNoThreadIsNobodyGivesWay(t *testing.T) {
	before := policyOf(t, 0)
	(&Slot{}).GiveWay(true)
	(&Slot{thread: 1 << 30}).GiveWay(true)
	assert.Equal(t, before, policyOf(t, os.Getpid()))
}

// TestThreadsOfAWorkerAreKnown to it alone.
func TestThreadsOfAWorkerAreKnown(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	w := r.ready()
	slot := w.Slots()[0]
	slot.GiveWay(true)
	assert.Equal(t, policyBatch, policyOf(t, slot.thread))
	assert.NotEqual(t, policyBatch, policyOf(t, w.PID()))
}
