package workers

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// MemoryLimit returns how many bytes the cgroup lets us and our workers have together: memory.max of version 2,
// memory.limit_in_bytes of version 1 (cgroups(7)), the least of those that hold above us as far as they are in sight.
// math.MaxInt64 means that there is no limit. It reads a few small files.
func MemoryLimit() int64 { return memoryLimit(os.DirFS("/")) }

func memoryLimit(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	for _, mount := range cgroupMounts(root) {
		name := "memory.limit_in_bytes"
		if mount.unified {
			name = "memory.max"
		}
		dir := mount.dir[1:]
		below, ok := strings.CutPrefix(ownCgroup(root, mount.unified), strings.TrimSuffix(mount.root, "/"))
		if !ok {
			below = "" // not in sight: a container that sees only its own part
		}
		for at := path.Join(dir, below); ; at = path.Dir(at) {
			least = min(least, readLimit(root, path.Join(at, name)))
			if at == dir || at == "." {
				break
			}
		}
	}
	return least
}

// readLimit returns the number in a file. "max", what cannot be read, and version 1's word for no limit, which is the
// largest number of whole pages, are none.
func readLimit(root fs.FS, file string) int64 {
	for line := range linesOf(root, file) {
		n, err := strconv.ParseInt(line, 10, 64)
		if err == nil && n > 0 && n < math.MaxInt64>>1 {
			return n
		}
	}
	return math.MaxInt64
}
