package workers

import (
	"fmt"
	"os"
)

// residentSize returns how much memory of a process is resident, in bytes, or 0 if it has ended.
func residentSize(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int64 // in pages, proc_pid_statm(5)
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
