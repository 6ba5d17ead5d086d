package workers

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openMeter opens what the kernel counts of one thread of a process, or returns nil where it counts nothing.
func openMeter(pid, thread int) *os.File {
	file, err := os.Open(fmt.Sprintf("/proc/%d/task/%d/schedstat", pid, thread))
	if err != nil {
		return nil
	}
	return file
}

// readStart reads the first bytes of a file of the kernel's own, and returns how many there were. That does not block, so
// the scheduler is not told: see reactor.Socket.
func readStart(file *os.File, memory *[64]byte) (n int) {
	conn, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	err = conn.Control(func(fd uintptr) {
		read, _, errno := syscall.RawSyscall6(unix.SYS_PREAD64, fd, uintptr(unsafe.Pointer(memory)), uintptr(len(memory)), 0, 0, 0)
		if errno == 0 {
			n = int(read)
		}
	})
	if err != nil { // it is closed
		return 0
	}
	return n
}

// readMeter returns how long a thread has been on a processor in all, and has waited for one. A kernel that does not count
// says zero.
func readMeter(file *os.File) (ran, delayed time.Duration, known bool) {
	var memory [64]byte // three numbers: see Documentation/scheduler/sched-stats.rst of the kernel
	n := readStart(file, &memory)
	first, rest, _ := bytes.Cut(memory[:n], []byte{' '})
	second, _, found := bytes.Cut(rest, []byte{' '})
	r, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil || r == 0 || !found {
		return 0, 0, false
	}
	d, err := strconv.ParseInt(string(second), 10, 64)
	return time.Duration(r), time.Duration(d), err == nil
}
