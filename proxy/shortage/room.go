package shortage

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ErrFull says that clients have all descriptors that are theirs.
var ErrFull = errors.New("clients have all descriptors but those that are kept for workers, files and logs")

// FullPause is how long a listener that is full looks away before it looks for room: that costs little, and clients wait.
const FullPause = 20 * time.Millisecond

// Room is what clients may have of the descriptors. The kernel gives away the lowest number that is free: a descriptor's own
// says how many are taken at least, whatever they are for. Room's methods are safe for concurrent use, and nil is without a
// bound.
type Room struct {
	end atomic.Int64 // the first number that is not for clients; 0: there is no bound
}

// Limit has the room end before the descriptor with that number; 0 is no bound.
func (r *Room) Limit(end int) { r.end.Store(int64(end)) }

// Full reports whether there is no further client's place once one has the descriptor fd.
func (r *Room) Full(fd int) bool {
	if r == nil {
		return false
	}
	end := r.end.Load()
	return end > 0 && int64(fd) >= end-1
}

// Left reports whether a further client has a place, by looking for the next descriptor. like is any that is open.
func (r *Room) Left(like int) bool {
	if r == nil || r.end.Load() == 0 {
		return true
	}
	fd, err := unix.FcntlInt(uintptr(like), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd) // it was only to see
	return int64(fd) < r.end.Load()
}
