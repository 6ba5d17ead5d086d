package workers

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalThread sends a signal to one thread of a process.
func signalThread(pid, thread, signal int) error {
	if err := unix.Tgkill(pid, thread, syscall.Signal(signal)); err != nil {
		return fmt.Errorf("signal thread %d of process %d: %w", thread, pid, err)
	}
	return nil
}
