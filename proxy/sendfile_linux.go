package proxy

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"forebay/proxy/reactor"
	"forebay/proxy/reply"
)

// writeAhead sends what stands before a part of a file. The kernel keeps it back until something follows, so that both
// come in one segment: a client that is woken for the head alone is woken twice.
func (c *conn) writeAhead(p []byte) error {
	for {
		begun := c.renew()
		n, err := c.writeMore(p)
		if err == nil {
			c.took(begun, n)
			return nil
		}
		if err := c.slow(begun, n, err); err != nil {
			return err
		}
		p = p[n:]
	}
}

// writeMore sends p with MSG_MORE, until the write deadline.
func (c *conn) writeMore(p []byte) (total int, err error) {
	if c.sock != nil {
		return c.sock.WriteMore(p)
	}
	for total < len(p) {
		n, err := unix.SendmsgN(c.entry.FD, p[total:], nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL)
		switch {
		case err == nil:
			total += n
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := c.awaitRoom(); err != nil {
				return total, err
			}
		default:
			return total, os.NewSyscallError("sendmsg", err)
		}
	}
	return total, nil
}

// awaitRoom waits until the client has taken some of what was sent, or until the write deadline.
func (c *conn) awaitRoom() error {
	if c.sock != nil {
		return c.sock.AwaitRoom()
	}
	waited := false
	return c.raw.Write(func(uintptr) bool {
		waited = !waited
		return !waited
	})
}

// sendFile sends count bytes of a file from offset by sendfile(2), and adds what was sent to *sent. The file's own
// position is neither used nor moved: other connections may send the same file. A file that is shorter is an error, and so
// is one that is not intact any longer, which is asked after the client had to be waited for; intact may be nil.
func (c *conn) sendFile(file *os.File, intact func() bool, offset, count int64, sent *int64) error {
	c.sock.Leave() // the disk may have to be waited for
	return c.sendBy(unix.Sendfile, file, &taking{intact: intact}, offset, count, sent)
}

// sendPages is sendFile for what lies in memory.
func (c *conn) sendPages(file *os.File, intact func() bool, offset, count int64, sent *int64) error {
	return c.sendBy(reactor.SendPages, file, &taking{intact: intact}, offset, count, sent)
}

// sendfile is unix.Sendfile.
type sendfile func(to, from int, offset *int64, count int) (int, error)

func (c *conn) sendBy(send sendfile, file *os.File, t *taking, offset, count int64, sent *int64) error {
	source := int(file.Fd())
	for count > 0 {
		piece := min(count, sendPiece)
		if t.isSlow() {
			if count <= lastPiece {
				return c.sendLast(file, t.intact, offset, count, sent)
			}
			piece = min(piece, count-lastPiece)
		}
		begun := c.renew()
		n, err := c.sendSome(send, source, t, offset, piece)
		offset, count, *sent = offset+n, count-n, *sent+n
		if err == nil {
			c.took(begun, int(n))
			continue
		}
		if errors.Is(err, reply.ErrShort) || errors.Is(err, reply.ErrChanged) {
			return err
		}
		if err := c.slow(begun, int(n), err); err != nil {
			return err
		}
	}
	return nil
}

// sendPiece is how much of a file one write deadline is for.
const sendPiece = 1 << 20

// sendSome sends up to count bytes, until the write deadline, or until the client turns out to be slow.
func (c *conn) sendSome(send sendfile, source int, t *taking, offset, count int64) (total int64, err error) {
	for total < count {
		at := offset + total
		n, err := send(c.entry.FD, source, &at, int(count-total))
		switch {
		case n > 0:
			total += int64(n)
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := t.wait(c.awaitRoom); err != nil || t.isSlow() {
				return total, err
			}
		case err != nil:
			return total, os.NewSyscallError("sendfile", err)
		default:
			return total, reply.ErrShort
		}
	}
	return total, nil
}
