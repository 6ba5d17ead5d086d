package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat and /proc/stat: USER_HZ, which is 100 on every Linux that Go
// runs on (proc(5), sysconf(3)).
const clockTick = time.Second / 100

// errTreeChanged says that a peer's processes are not those that were counted before, so that a difference would
// miss the time of those that went.
var errTreeChanged = errors.New("a process of the peer came or went during the run")

// procStat is what we need of /proc/PID/stat.
type procStat struct {
	parent int
	ticks  int64 // utime + stime, of all threads, also of those that have ended
}

// parseStat reads a line of /proc/PID/stat. The second field is the command's name in parentheses, which may itself
// hold spaces and parentheses, so fields are counted from the last closing one (proc(5)).
func parseStat(line string) (procStat, error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return procStat{}, fmt.Errorf("read process state: no name in %.100q", line)
	}
	fields := strings.Fields(line[end+1:]) // from field 3 on
	const ppid, utime, stime = 4 - 3, 14 - 3, 15 - 3
	if len(fields) <= stime {
		return procStat{}, fmt.Errorf("read process state: %d fields after the name", len(fields))
	}
	parent, err1 := strconv.Atoi(fields[ppid])
	user, err2 := strconv.ParseInt(fields[utime], 10, 64)
	system, err3 := strconv.ParseInt(fields[stime], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return procStat{}, fmt.Errorf("read process state: %w", err)
	}
	return procStat{parent: parent, ticks: user + system}, nil
}

// readStats reads the state of all processes of the machine that are still there when it comes to them.
func readStats() (map[int]procStat, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := make(map[int]procStat, len(paths))
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since it was listed
		}
		stat, err := parseStat(string(line))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		all[pid] = stat
	}
	return all, nil
}

// descendants are the roots and all that they have forked, in no order.
func descendants(all map[int]procStat, roots []int) []int {
	children := map[int][]int{}
	for pid, stat := range all {
		children[stat.parent] = append(children[stat.parent], pid)
	}
	found := append([]int(nil), roots...)
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

// usage is the CPU time that one process has used.
type usage struct {
	ticks   int64
	threads map[string]time.Duration // nil where the kernel does not say
}

// readUsage reads the CPU time of the roots and all they have forked.
func readUsage(roots []int) (map[int]usage, error) {
	all, err := readStats()
	if err != nil {
		return nil, err
	}
	tree := map[int]usage{}
	for _, pid := range descendants(all, roots) {
		threads, err := readThreads(pid)
		if err != nil {
			return nil, err
		}
		tree[pid] = usage{ticks: all[pid].ticks, threads: threads}
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
		if errors.Is(err, fs.ErrNotExist) {
			continue // the thread has ended since it was listed
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

// parseSchedstat reads the first of the three numbers: nanoseconds spent on a CPU.
func parseSchedstat(line []byte) (time.Duration, error) {
	first, _, _ := bytes.Cut(line, []byte(" "))
	nanoseconds, err := strconv.ParseInt(string(bytes.TrimSpace(first)), 10, 64)
	return time.Duration(nanoseconds), err
}

// cpuBetween is the CPU time that the processes used between two readings.
func cpuBetween(before, after map[int]usage) (time.Duration, error) {
	if len(before) != len(after) {
		return 0, errTreeChanged
	}
	total := time.Duration(0)
	for pid, late := range after {
		early, ok := before[pid]
		if !ok {
			return 0, errTreeChanged
		}
		total += late.since(early)
	}
	return total, nil
}

// since is exact where every thread that was there is there still. A thread that has ended took its nanoseconds with
// it, and then the process's clock ticks have to do.
func (u usage) since(early usage) time.Duration {
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

func (u usage) sinceTicks(early usage) time.Duration {
	return time.Duration(u.ticks-early.ticks) * clockTick
}
