package watch

import (
	"slices"

	"golang.org/x/sys/unix"
)

// remote are the file systems in which files change without this kernel's doing, which then does not tell: those of other
// machines, and those that hosts share with containers and virtual machines. The numbers are those of statfs(2).
var remote = []uint32{
	unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.V9FS_MAGIC,
	unix.FUSE_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC,
	0x786f4256, // VirtualBox's shared folders
}

func isRemote(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && slices.Contains(remote, uint32(fs.Type))
}
