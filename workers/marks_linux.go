package workers

import (
	"os"

	"golang.org/x/sys/unix"
)

// canShareAreas says that workers may have areas.
const canShareAreas = true

// sharedFile returns a file of so many zeros that is nothing but memory. Its size is sealed: what the application does to
// its descriptors must not take memory away that we read.
func sharedFile(size int) (*os.File, error) {
	fd, err := unix.MemfdCreate("forebay-marks", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "marks")
	if err = file.Truncate(int64(size)); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = file.Close() // it is empty
		return nil, err
	}
	return file, nil
}
