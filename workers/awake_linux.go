package workers

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// openMeter opens what the kernel counts of one thread of a process, or returns nil where it counts nothing.
func openMeter(pid, thread int) *os.File {
	file, err := os.Open(fmt.Sprintf("/proc/%d/task/%d/schedstat", pid, thread))
	if err != nil {
		return nil
	}
	return file
}

// readMeter returns how long a thread has been on a processor in all, and has waited for one. A kernel that does not count
// says zero.
func readMeter(file *os.File) (ran, delayed time.Duration, known bool) {
	var memory [64]byte // three numbers: see Documentation/scheduler/sched-stats.rst of the kernel
	n, _ := file.ReadAt(memory[:], 0)
	first, rest, _ := bytes.Cut(memory[:n], []byte{' '})
	second, _, found := bytes.Cut(rest, []byte{' '})
	r, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil || r == 0 || !found {
		return 0, 0, false
	}
	d, err := strconv.ParseInt(string(second), 10, 64)
	return time.Duration(r), time.Duration(d), err == nil
}
