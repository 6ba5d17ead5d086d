package proxy

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"forebay/proxy/reply"
)

// taking is how a client takes a file. What sendfile(2) has given to the kernel are the pages of the file themselves: who
// writes to the file changes what is on its way. So a client that is slow gets the end of it only when it has all the rest,
// and the file is still what it was.
type taking struct {
	intact func() bool // nil: that cannot be known
	waited time.Duration
}

const (
	// longWait is how long the client of one file has had to be waited for until it counts as slow. Others have what is on
	// its way to them before anybody could write to it, or nearly.
	longWait = 100 * time.Millisecond
	// lastPiece is how much is kept back then.
	lastPiece = 16 << 10
)

// wait waits for the client by await, and finds out whether the file has changed meanwhile.
func (t *taking) wait(await func() error) error {
	begun := time.Now()
	err := await()
	t.waited += time.Since(begun)
	if err == nil && t.intact != nil && !t.intact() {
		err = reply.ErrChanged
	}
	return err
}

// isSlow reports whether the client is slow, and it matters.
func (t *taking) isSlow() bool { return t.intact != nil && t.waited >= longWait }

// sendLast sends the end of a file to a client that is slow, when it has all that was sent before.
func (c *conn) sendLast(file *os.File, intact func() bool, offset, count int64, sent *int64) error {
	if err := c.awaitLanded(intact); err != nil {
		return err
	}
	b := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(b)
	switch n, err := file.ReadAt(b[:count], offset); {
	case int64(n) == count:
	case err == io.EOF:
		return reply.ErrShort
	default:
		return err
	}
	if !intact() {
		return reply.ErrChanged
	}
	if err := c.write(b[:count]); err != nil {
		return err
	}
	*sent += count
	return nil
}

// The pauses between two looks at what a client has taken: the kernel wakes nobody when that was the last of it.
const (
	shortestPause = time.Millisecond
	longestPause  = 50 * time.Millisecond
)

// awaitLanded waits until the client has taken all that was sent, for as long as it takes something.
func (c *conn) awaitLanded(intact func() bool) error {
	for pause := shortestPause; c.held() > 0 && !c.hasLeft(); pause = min(2*pause, longestPause) {
		begun := c.renew()
		time.Sleep(pause)
		if !intact() {
			return reply.ErrChanged
		}
		if err := c.slow(begun, 0, os.ErrDeadlineExceeded); err != nil {
			return err
		}
	}
	return nil
}

// hasLeft reports whether the connection is no more: what the kernel held of it will never be taken.
func (c *conn) hasLeft() bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.entry.FD)}}, 0) // errors and ends are told unasked
	return err == nil && n > 0
}
