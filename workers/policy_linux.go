package workers

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	policyUsual = uintptr(0) // SCHED_OTHER
	policyBatch = uintptr(unix.SCHED_BATCH)
)

// changePolicy gives a thread another policy, if it has the one that we know of, and reports whether it did. It does not
// block, so the scheduler is not told: see reactor.Socket.
func changePolicy(thread int, before, then uintptr) bool {
	now, _, errno := syscall.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, uintptr(thread), 0, 0)
	if errno != 0 || now != before {
		return false
	}
	return setPolicy(thread, then) == nil
}

func setPolicy(thread int, policy uintptr) error {
	var priority int32 // these policies have none
	_, _, errno := syscall.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(thread), policy, uintptr(unsafe.Pointer(&priority)))
	if errno != 0 {
		return errno
	}
	return nil
}
