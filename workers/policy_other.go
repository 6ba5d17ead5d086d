//go:build !linux

package workers

const policyUsual, policyBatch = uintptr(0), uintptr(1)

// changePolicy is for Linux alone.
func changePolicy(int, uintptr, uintptr) bool { return false }
