package cgroup

import (
	"io/fs"
	"math"
	"os"
	"strconv"
)

// Memory returns how many bytes we may have: memory.max of version 2, memory.limit_in_bytes of version 1, the least of
// those that hold above us. math.MaxInt64 means that there is no limit.
func Memory() int64 { return memory(os.DirFS("/")) }

func memory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	for dir := range Dirs(root, "memory") {
		name := "memory.limit_in_bytes"
		if dir.Unified {
			name = "memory.max"
		}
		least = min(least, readLimit(root, dir.File(name)))
	}
	return least
}

// readLimit returns the number in a file.
func readLimit(root fs.FS, file string) int64 { return limitOf(firstLine(root, file)) }

// limitOf reads a number. "max", what is none, and version 1's word for no limit of memory, which is the largest number of
// whole pages, are no limit.
func limitOf(text string) int64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n < math.MaxInt64>>1 {
		return n
	}
	return math.MaxInt64
}
