package proxy

import "golang.org/x/sys/unix"

// held is how much of what was written the kernel still has: sent or not, the client has not acknowledged it. Of a unix
// socket it would be the memory that it takes, which says little about bytes, and there it is not much.
func (c *conn) held() (size int64) {
	if !c.tcp {
		return 0
	}
	err := c.raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			size = int64(n)
		}
	})
	if err != nil {
		return 0 // it is closed, as the next write will show
	}
	return size
}
