package workers

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// forksSafely says whether workers are forked here. macOS, which could, ends forked processes that use its frameworks.
const forksSafely = true

// adoptOrphans has the kernel give us the processes below us whose parents have ended. It stays so: see Reap.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	return nil
}
