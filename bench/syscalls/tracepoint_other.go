//go:build !linux

package syscalls

import "errors"

func tracepoint() (uint64, error) { return 0, errors.New("tracepoints are Linux's") }

func countEvents(uint64, []int, func() error) (int64, error) {
	return 0, errors.New("tracepoints are Linux's")
}
