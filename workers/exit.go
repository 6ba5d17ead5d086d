package workers

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// LoadError says that the application could not be loaded. Traceback is Python's own text about it.
type LoadError struct{ Traceback string }

func (e *LoadError) Error() string { return "the application could not be loaded" }

// DiedError says that a worker, or the template that it was to be forked from, ended before it was ready.
type DiedError struct {
	PID  int
	Exit string // as exitText says it
}

func (e *DiedError) Error() string {
	return fmt.Sprintf("process %d ended before it was ready: %s", e.PID, e.Exit)
}

// ErrBootTimeout is what a start returns when the application took longer to import than boot_timeout allows.
var ErrBootTimeout = errors.New("the worker was not ready in time (boot_timeout)")

// exitText says how a process ended: "exit status 1" or "killed by SIGSEGV".
func exitText(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return fmt.Sprintf("exit status %d", state.ExitCode())
	}
	text := "killed by " + unix.SignalName(status.Signal())
	if status.CoreDump() {
		text += " (core dumped)"
	}
	return text
}

// killedBy reports whether it was this signal that ended a process.
func killedBy(state *os.ProcessState, signal syscall.Signal) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == signal
}
