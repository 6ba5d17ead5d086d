package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat and /proc/stat: USER_HZ, which is 100 on every Linux that Go
// runs on (proc(5), sysconf(3)).
const clockTick = time.Second / 100

// ErrTreeChanged says that a peer's processes are not those that were counted before, so that a difference would
// miss the time of those that went.
var ErrTreeChanged = errors.New("a process of the peer came or went during the run")

// Usage is the CPU time that one process has used, and how often its threads gave up a CPU.
type Usage struct {
	ticks    int64
	threads  map[string]time.Duration // nil where the kernel does not say
	switches map[string]int64
}

// ReadUsage reads the usage of the roots and all they have forked.
func ReadUsage(roots []int) (map[int]Usage, error) {
	all, err := readStats()
	if err != nil {
		return nil, err
	}
	tree := map[int]Usage{}
	for _, pid := range descendants(all, roots) {
		threads, err := readThreads(pid)
		if err != nil {
			return nil, err
		}
		switches, err := readSwitches(pid)
		if err != nil {
			return nil, err
		}
		tree[pid] = Usage{ticks: all[pid].ticks, threads: threads, switches: switches}
	}
	return tree, nil
}

// readThreads reads how long each thread of a process has been on a CPU. /proc/PID/schedstat would be the main
// thread's alone, so the threads' own are read.
func readThreads(pid int) (map[string]time.Duration, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/schedstat", pid))
	if err != nil || len(paths) == 0 {
		return nil, err // a kernel without CONFIG_SCHED_INFO
	}
	threads := make(map[string]time.Duration, len(paths))
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if ended(err) {
			continue // since it was listed
		}
		if err != nil {
			return nil, err
		}
		if threads[filepath.Dir(path)], err = parseSchedstat(line); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return threads, nil
}

// ended reports whether a file below /proc was not read because its thread has ended.
func ended(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// parseSchedstat reads the first of the three numbers: nanoseconds spent on a CPU.
func parseSchedstat(line []byte) (time.Duration, error) {
	first, _, _ := bytes.Cut(line, []byte(" "))
	nanoseconds, err := strconv.ParseInt(string(bytes.TrimSpace(first)), 10, 64)
	return time.Duration(nanoseconds), err
}

// CPUBetween is the CPU time that the processes used between two readings.
func CPUBetween(before, after map[int]Usage) (time.Duration, error) {
	if len(before) != len(after) {
		return 0, ErrTreeChanged
	}
	total := time.Duration(0)
	for pid, late := range after {
		early, ok := before[pid]
		if !ok {
			return 0, ErrTreeChanged
		}
		total += late.since(early)
	}
	return total, nil
}

// since is exact where every thread that was there is there still. A thread that has ended took its nanoseconds with
// it, and then the process's clock ticks have to do.
func (u Usage) since(early Usage) time.Duration {
	sum := time.Duration(0)
	for thread, now := range u.threads {
		sum += now - early.threads[thread]
	}
	for thread := range early.threads {
		if _, ok := u.threads[thread]; !ok {
			return u.sinceTicks(early)
		}
	}
	if len(u.threads) == 0 || len(early.threads) == 0 {
		return u.sinceTicks(early)
	}
	return sum
}

func (u Usage) sinceTicks(early Usage) time.Duration {
	return time.Duration(u.ticks-early.ticks) * clockTick
}
