package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// readSwitches reads how often each thread of a process has given up a CPU.
func readSwitches(pid int) (map[string]int64, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/status", pid))
	if err != nil {
		return nil, err
	}
	threads := make(map[string]int64, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if ended(err) {
			continue // since it was listed
		}
		if err != nil {
			return nil, err
		}
		if threads[filepath.Dir(path)], err = parseSwitches(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return threads, nil
}

// parseSwitches adds up the two lines of /proc/PID/task/TID/status, of switches by the thread's will and others.
func parseSwitches(text string) (int64, error) {
	total, lines := int64(0), 0
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if !strings.HasSuffix(name, "voluntary_ctxt_switches") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil {
			return 0, err
		}
		total, lines = total+n, lines+1
	}
	if lines != 2 {
		return 0, errors.New("it does not say how often the thread was switched")
	}
	return total, nil
}

// SwitchesBetween is how often the threads gave up a CPU between two readings. What those did that have ended meanwhile is
// not known.
func SwitchesBetween(before, after map[int]Usage) int64 {
	total := int64(0)
	for pid, late := range after {
		for thread, n := range late.switches {
			total += n - before[pid].switches[thread]
		}
	}
	return total
}
