package workers

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reap waits for children that the kernel has given us and that have ended, at each signal, until ctx ends: without that each
// would stay in the process table for ever. We get the children of others as the first process of a container, or as a
// "child subreaper", which we become for the workers of a template. news brings SIGCHLD. Our own children are left to those
// who wait for them.
func Reap(ctx context.Context, news <-chan os.Signal, log *slog.Logger) {
	const soon = 10 * time.Millisecond
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-again:
		}
		again = nil
		if !reapStrangers(log) {
			again = time.After(soon)
		}
	}
}

// reapStrangers waits for the strangers among the children that have ended. It reports false if it has met one of ours: the
// kernel shows but the first, so those behind it can be seen only when it has been waited for.
func reapStrangers(log *slog.Logger) (all bool) {
	for {
		pid, all := reapOne()
		if pid == 0 {
			return all
		}
		log.Debug("adopted process reaped", "pid", pid)
	}
}

// reapOne returns the number of a stranger that it has waited for, or 0 when there is none to be seen.
func reapOne() (pid int, all bool) {
	children.mu.Lock()
	defer children.mu.Unlock()
	pid, err := ended()
	switch {
	case err != nil || pid == 0:
		return 0, true
	case children.has(pid):
		return 0, false
	}
	if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != nil {
		return 0, true
	}
	return pid, true
}

// siginfo is siginfo_t as waitid(2) fills it. Its union begins at the size of a pointer.
type siginfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid                int32
	_                  [128]byte
}

// ended returns the number of a child that has ended, which is still to be waited for, or 0.
func ended() (pid int, err error) {
	var info siginfo
	for {
		_, _, errno := unix.Syscall6(unix.SYS_WAITID, unix.P_ALL, 0, uintptr(unsafe.Pointer(&info)),
			unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, 0, 0)
		switch {
		case errno == 0:
			return int(info.pid), nil
		case !errors.Is(errno, unix.EINTR):
			return 0, errno
		}
	}
}
