package cgroup

import (
	"io/fs"
	"math"
	"os"
	"runtime"
	"strings"
)

// processors is what the Go runtime had at the start: it computes on fewer while it has little to do.
var processors = runtime.GOMAXPROCS(0)

// CPUs returns on how many processors we may compute at the same time: those that we may run on at all, or fewer where
// the cgroup gives less time than they have, begun ones counted as whole. It is never below one. The Go runtime asks, too,
// for GOMAXPROCS, but gives itself no less than two.
func CPUs() int { return min(processors, cpus(os.DirFS("/"))) }

// cpus is the least of the limits above us: cpu.max of version 2, cpu.cfs_quota_us of version 1. math.MaxInt means that
// there is none.
func cpus(root fs.FS) int {
	least := int64(math.MaxInt)
	for dir := range Dirs(root, "cpu") {
		quota, period := readShare(root, dir)
		if quota < math.MaxInt64 && period < math.MaxInt64 {
			least = min(least, (quota-1)/period+1)
		}
	}
	return int(least)
}

// readShare returns how many microseconds of processors' time we have in how many of the clock's.
func readShare(root fs.FS, dir Dir) (quota, period int64) {
	if !dir.Unified {
		return readLimit(root, dir.File("cpu.cfs_quota_us")), readLimit(root, dir.File("cpu.cfs_period_us"))
	}
	first, second, _ := strings.Cut(firstLine(root, dir.File("cpu.max")), " ")
	return limitOf(first), limitOf(second)
}
