package workers

import (
	"io/fs"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
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
	for _, mount := range cgroupMounts(root) {
		name := "memory.oom_control"
		if mount.unified {
			name = "memory.events"
		}
		below, ok := strings.CutPrefix(ownCgroup(root, mount.unified), strings.TrimSuffix(mount.root, "/"))
		if ok { // else it is not in sight: a container that sees only its own part
			files = append(files, path.Join(mount.dir[1:], below, name))
		}
		files = append(files, path.Join(mount.dir[1:], name))
	}
	return files
}

// cgroupMount is where the memory controller's cgroups can be seen.
type cgroupMount struct {
	root    string // the cgroup that is seen at dir
	dir     string
	unified bool // version 2
}

// cgroupMounts reads mountinfo (proc_pid_mountinfo(5)).
func cgroupMounts(root fs.FS) []cgroupMount {
	var found []cgroupMount
	for line := range linesOf(root, "proc/self/mountinfo") {
		mount, kind, ok := strings.Cut(line, " - ")
		fields, kinds := strings.Fields(mount), strings.Fields(kind)
		if !ok || len(fields) < 5 || len(kinds) < 3 || !path.IsAbs(fields[4]) {
			continue
		}
		m := cgroupMount{root: fields[3], dir: fields[4], unified: kinds[0] == "cgroup2"}
		if m.unified || kinds[0] == "cgroup" && hasWord(kinds[2], "memory") {
			found = append(found, m)
		}
	}
	return found
}

// ownCgroup returns the cgroup that we are in, for the memory controller of version 1 or for version 2.
func ownCgroup(root fs.FS, unified bool) string {
	for line := range linesOf(root, "proc/self/cgroup") {
		parts := strings.SplitN(line, ":", 3) // id, controllers, path
		if len(parts) == 3 && (unified && parts[1] == "" || !unified && hasWord(parts[1], "memory")) {
			return parts[2]
		}
	}
	return ""
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// readCounter returns the number behind a key in a file of lines "key number".
func readCounter(root fs.FS, file, key string) (int, bool) {
	for line := range linesOf(root, file) {
		if name, number, ok := strings.Cut(line, " "); ok && name == key {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			return n, err == nil
		}
	}
	return 0, false
}

// linesOf yields the lines of a small file, none if it cannot be read.
func linesOf(root fs.FS, file string) iter.Seq[string] {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n")
}
