package workers

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeRoom returns how many bytes an empty pipe takes at once: 64 KiB, but a page or two where a user has very many pipes
// (pipe(7), pipe-user-pages-soft).
func pipeRoom(pipe *os.File) int {
	room := 0
	raw, err := pipe.SyscallConn() // not Fd, which would take the pipe from the poller
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			if n, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil {
				room = n
			}
		})
	}
	if err != nil || room <= 0 {
		return leastPipeRoom
	}
	return room
}
