// Package priority has this program come before the servers that it loads.
package priority

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// first is the nice value of this program while it makes the load: a load that is late, as the peer keeps all CPUs
// busy, is none of an open loop.
const first = -15

// Raise gives this program that priority, which is root's to do, and returns what gives it its own again. What it
// starts in between would have it, too.
func Raise() (restore func(), err error) {
	own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return nil, fmt.Errorf("read the priority: %w", err)
	}
	if err := setPriority(first); err != nil {
		return nil, err
	}
	return func() { _ = setPriority(20 - own) }, nil // the kernel counts from 40 down to 1; to lower it is always allowed
}

func setPriority(nice int) error {
	threads, err := os.ReadDir("/proc/self/task") // of which each has its own; those that come inherit it
	if err != nil {
		return fmt.Errorf("list the threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return fmt.Errorf("list the threads: %w", err)
		}
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, nice); err != nil && !errors.Is(err, syscall.ESRCH) { // it has ended
			return fmt.Errorf("set the priority: %w", err)
		}
	}
	return nil
}
