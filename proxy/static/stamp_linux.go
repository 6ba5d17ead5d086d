package static

import (
	"os"
	"syscall"
)

func (s *stamp) addSystem(sys any) {
	if stat, ok := sys.(*syscall.Stat_t); ok {
		s.changed, s.device, s.inode = stat.Ctim.Nano(), stat.Dev, stat.Ino
	}
}

// descriptorStamp is the stamp of an open file. It allocates nothing.
func descriptorStamp(file *os.File) (stamp, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(file.Fd()), &stat); err != nil {
		return stamp{}, os.NewSyscallError("fstat", err)
	}
	s := stamp{size: stat.Size, modified: stat.Mtim.Nano()}
	s.addSystem(&stat)
	return s, nil
}
