package workers

import (
	"os/exec"
	"sync"
)

// family are the processes that this package has started and not waited for yet. A process has one set of children, so
// there is one of these: whoever reaps the children of others (see Reap) must leave ours to those who wait for them.
type family struct {
	mu   sync.Mutex
	pids map[int]struct{}
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

// forget says that a process has been waited for: its number may now be another's.
func (f *family) forget(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pids, pid)
}

// has reports whether a process is one of ours. The caller holds the lock.
func (f *family) has(pid int) bool {
	_, ours := f.pids[pid]
	return ours
}
