package static

import (
	"os"
	"sync"
	"sync/atomic"
)

// arena keeps contents in a file without a name that lies in memory: the kernel sends pages of it as they are, which costs
// less than to copy them. What is in it is never changed, and no place is given out twice, so that a page which a client has
// not acknowledged yet stays what it was.
//
// It is closed when nobody holds it any longer.
type arena struct {
	file  *os.File
	holds atomic.Int64

	mu  sync.Mutex
	end int64 // of what was given out
}

// leastInArena is the size from which on contents are kept in an arena. To copy a smaller one costs no more than the further
// system call.
const leastInArena = 8 << 10

// room is a place in an arena.
type room struct{ offset, size int64 }

// hold keeps the arena open until release.
func (a *arena) hold() { a.holds.Add(1) }

func (a *arena) release() {
	if a.holds.Add(-1) == 0 {
		_ = a.file.Close() // nothing of it is needed
	}
}

// put keeps a content until drop. It reports false if there is no memory for it.
func (a *arena) put(body []byte) (room, bool) {
	r := a.reserve(int64(len(body)))
	if _, err := a.file.WriteAt(body, r.offset); err != nil {
		a.punch(r)
		return r, false
	}
	a.hold()
	return r, true
}

// reserve gives out whole pages.
func (a *arena) reserve(size int64) room {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := room{a.end, inPages(size)}
	a.end += r.size
	return r
}

// inPages is what a content of that size takes: whole pages, if it is one for an arena.
func inPages(size int64) int64 {
	if size < leastInArena {
		return size
	}
	page := int64(os.Getpagesize())
	return (size + page - 1) / page * page
}

// drop gives a place back. Nobody may send from it any more.
func (a *arena) drop(r room) {
	a.punch(r)
	a.release()
}
