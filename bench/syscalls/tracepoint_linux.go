package syscalls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const event = "events/raw_syscalls/sys_enter/id"

// tracepoint is the number of the event that each system call is, if we may count it.
func tracepoint() (id uint64, err error) {
	text, err := os.ReadFile(filepath.Join("/sys/kernel/tracing", event))
	if err != nil {
		text, err = mounted()
	}
	if err != nil {
		return 0, err
	}
	id, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, err
	}
	_, err = countEvents(id, []int{os.Getpid()}, func() error { return nil })
	return id, err
}

// mounted reads the number where the file system with it is not mounted: it is mounted for this one moment.
func mounted() (text []byte, err error) {
	dir, err := os.MkdirTemp("", "tracefs-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(dir) }() // a directory that is empty, once nothing is mounted there
	if err := unix.Mount("tracefs", dir, "tracefs", 0, ""); err != nil {
		return nil, fmt.Errorf("mount tracefs: %w", err)
	}
	defer func() { _ = unix.Unmount(dir, 0) }() // we have just mounted it, and have closed what we read
	return os.ReadFile(filepath.Join(dir, event))
}

// countEvents has the kernel count an event in all threads of processes.
func countEvents(id uint64, pids []int, work func() error) (total int64, err error) {
	counters := &counters{id: id}
	defer counters.close()
	for _, pid := range pids {
		if err := counters.follow(pid); err != nil {
			return 0, err
		}
	}
	before, err := counters.read()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := counters.read()
	return after - before, err
}

type counters struct {
	id    uint64
	files []int
}

// follow begins to count in all threads of a process, and in those that they start.
func (c *counters) follow(pid int) error {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return err
	}
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: c.id, Bits: unix.PerfBitInherit}
	attr.Size = uint32(unsafe.Sizeof(attr))
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		file, err := unix.PerfEventOpen(&attr, id, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ESRCH) {
			continue // the thread has ended since it was listed
		}
		if err != nil {
			return fmt.Errorf("count events of a thread: %w", err)
		}
		c.files = append(c.files, file)
	}
	return nil
}

// read adds up all that was counted.
func (c *counters) read() (total int64, err error) {
	var count [8]byte
	for _, file := range c.files {
		if _, err := unix.Read(file, count[:]); err != nil {
			return 0, fmt.Errorf("read a count of events: %w", err)
		}
		total += int64(binary.NativeEndian.Uint64(count[:]))
	}
	return total, nil
}

func (c *counters) close() {
	for _, file := range c.files {
		_ = unix.Close(file) // nothing is to be written
	}
}
