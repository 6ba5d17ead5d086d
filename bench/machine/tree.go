package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

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

// Tree are the roots and all that they have forked, in the order of their numbers.
func Tree(roots []int) ([]int, error) {
	all, err := readStats()
	if err != nil {
		return nil, err
	}
	found := descendants(all, roots)
	slices.Sort(found)
	return found, nil
}

// Children are the processes that this one has forked and that are still there, in the order of their numbers.
func Children(pid int) ([]int, error) {
	all, err := readStats()
	if err != nil {
		return nil, err
	}
	var found []int
	for child, stat := range all {
		if stat.parent == pid {
			found = append(found, child)
		}
	}
	slices.Sort(found)
	return found, nil
}
