package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ReadPSS is the memory of the roots and all they have forked, in bytes, where pages that several processes share are
// counted once between them.
func ReadPSS(roots []int) (int64, error) {
	all, err := readStats()
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, pid := range descendants(all, roots) {
		path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		pss, err := parsePSS(string(text))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		total += pss
	}
	return total, nil
}

// parsePSS finds the line "Pss:  310 kB" and returns bytes.
func parsePSS(text string) (int64, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "Pss:" {
			continue
		}
		kib, err := strconv.ParseInt(fields[1], 10, 64)
		return kib << 10, err
	}
	return 0, fmt.Errorf("no Pss in %d bytes", len(text))
}
