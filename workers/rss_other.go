//go:build !linux

package workers

// residentSize is known on Linux only: elsewhere max_rss and max_rss_hard limit nothing.
func residentSize(int) int64 { return 0 }
