package workers

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"forebay/python"
	"forebay/python/spool"
)

// CanLend says that a slot is a source that sends something.
const CanLend = true

// SendTo moves bytes of the current CHUNK from the pipe to a socket, without copying them: see spool.Source. It is for whom
// the slot's owner has lent the chunk to, and meanwhile the owner does nothing with the slot.
func (s *Slot) SendTo(socket int, most int64) (sent int64, next spool.Next, err error) {
	for most > 0 && s.chunkLeft > 0 {
		n, err := s.in.splice(socket, int(min(most, int64(s.chunkLeft))))
		s.chunkLeft -= n
		sent, most = sent+int64(n), most-int64(n)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return sent, spool.Store, nil
		case err != nil:
			return sent, spool.Store, os.NewSyscallError("splice", err)
		case n == 0:
			return sent, spool.Await, nil
		}
	}
	if s.chunkLeft == 0 && s.ending() {
		return sent, spool.Done, nil
	}
	return sent, spool.Await, nil
}

// ending reports whether the next frame is here already, and is an END.
func (s *Slot) ending() bool {
	if s.w-s.r < python.HeadSize {
		s.makeRoom(python.HeadSize)
		s.w += s.in.ReadNow(s.buf[s.w:])
	}
	if s.w-s.r < python.HeadSize {
		return false
	}
	head, err := python.ParseHead(s.buf[s.r:])
	return err == nil && head.Kind == python.KindEnd
}

// move is what is moved from a pipe to a socket.
type move struct {
	socket, most int
	moved        int
	err          error
}

// splice moves up to most bytes to a socket, as many as are there; none if the pipe is empty. The error is EAGAIN if the
// socket takes nothing.
func (p *pipe) splice(socket, most int) (int, error) {
	p.moving = move{socket: socket, most: most}
	if err := p.raw.Control(p.move); err != nil {
		return 0, nil //nolint:nilerr // it is closed, as the next Read will say
	}
	return p.moving.moved, p.moving.err
}

func (p *pipe) moveOnce(fd uintptr) {
	m, from := &p.moving, int(fd)
	for {
		n, err := unix.Splice(from, nil, m.socket, nil, m.most, unix.SPLICE_F_NONBLOCK)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN) && pipeHolds(from) == 0:
		default:
			m.moved, m.err = int(max(0, n)), err
		}
		return
	}
}

// pipeHolds returns how many bytes wait in a pipe.
func pipeHolds(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}
