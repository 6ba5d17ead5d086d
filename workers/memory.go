package workers

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"forebay/config/cgroup"
)

// memoryKills tells the processes that the kernel has killed for want of memory from those that somebody else has. Its
// counters say how many there were, not who, so what it says of one process is "perhaps".
type memoryKills struct {
	root fs.FS // "/", or a test's

	mu   sync.Mutex
	file string // the counter's; empty: there is none
	key  string // of its line
	seen int    // how many of them are explained
}

// kernel is what has killed workers so far: they share our cgroup.
var kernel = sync.OnceValue(func() *memoryKills { return newMemoryKills(os.DirFS("/")) })

// newMemoryKills finds the counter of our cgroup, else that of the whole machine, and begins with what it says now.
func newMemoryKills(root fs.FS) *memoryKills {
	m := &memoryKills{root: root, key: "oom_kill"}
	for _, file := range append(cgroupCounters(root), "proc/vmstat") {
		if n, ok := readCounter(root, file, m.key); ok {
			m.file, m.seen = file, n
			break
		}
	}
	return m
}

// explains reports whether the kernel has killed a process that no earlier call was about.
func (m *memoryKills) explains() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == "" {
		return false
	}
	now, ok := readCounter(m.root, m.file, m.key)
	if !ok || now <= m.seen {
		return false
	}
	m.seen++
	return true
}

// cgroupCounters returns the files that may hold our cgroup's counter: memory.events of version 2, memory.oom_control of
// version 1 (cgroups(7)).
func cgroupCounters(root fs.FS) []string {
	var files []string
	for dir := range cgroup.Dirs(root, "memory") {
		name := "memory.oom_control"
		if dir.Unified {
			name = "memory.events"
		}
		files = append(files, dir.File(name))
	}
	return files
}

// readCounter returns the number behind a key in a file of lines "key number".
func readCounter(root fs.FS, file, key string) (int, bool) {
	for line := range cgroup.Lines(root, file) {
		if name, number, ok := strings.Cut(line, " "); ok && name == key {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			return n, err == nil
		}
	}
	return 0, false
}
