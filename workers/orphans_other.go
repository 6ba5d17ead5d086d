//go:build !linux

package workers

// forksSafely says whether workers are forked here. macOS, which could, ends forked processes that use its frameworks.
const forksSafely = false

// adoptOrphans is not needed where nothing is forked.
func adoptOrphans() error { return nil }
