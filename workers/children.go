package workers

import (
	"os"
	"os/exec"
	"sync"
)

// family are the processes that this package has started and not waited for yet. A process has one set of children, so
// there is one of these: whoever reaps the children of others (see Reap) must leave ours to those who wait for them.
type family struct {
	mu   sync.Mutex
	pids map[int]struct{}
	due  int // births that are not known yet
}

var children = family{pids: map[int]struct{}{}}

// start starts a command. Whoever has waited for it says so by forget.
func (f *family) start(command *exec.Cmd) error {
	f.mu.Lock() // a child that ends at once must not be seen before it is known
	defer f.mu.Unlock()
	if err := command.Start(); err != nil {
		return err
	}
	f.pids[command.Process.Pid] = struct{}{}
	return nil
}

// adopt has another process make one that is a child of ours then, and returns it. While that goes on whatever child ends
// may be the new one.
func (f *family) adopt(birth func() (pid int, err error)) (*os.Process, error) {
	f.mu.Lock()
	f.due++
	f.mu.Unlock()
	pid, err := birth()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.due--
	if err != nil {
		return nil, err
	}
	f.pids[pid] = struct{}{}
	return os.FindProcess(pid) // it has not been waited for, so the number is still its own
}

// Start has start make a process that is no worker, and keeps it from Reap: its end is left to whoever waits for it. Who has
// waited for it, or never will, says so by Forget.
func Start(start func() (pid int, err error)) (*os.Process, error) { return children.adopt(start) }

// Forget says that nobody waits for a process any more which Start has made.
func Forget(process *os.Process) { children.forget(process.Pid) }

// forget says that a process has been waited for: its number may now be another's.
func (f *family) forget(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pids, pid)
}

// has reports whether a process is one of ours, or may be. The caller holds the lock.
func (f *family) has(pid int) bool {
	_, ours := f.pids[pid]
	return ours || f.due > 0
}
