package proxy

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// sendError says that a client has not taken its answer: it has left, or is too slow. Nothing can be told to it.
type sendError struct{ cause error }

func (e *sendError) Error() string { return "answer not sent: " + e.cause.Error() }
func (e *sendError) Unwrap() error { return e.cause }

// smallAnswer is up to where head and body are put together and leave in one write: copying costs less than a vector. With
// 32 KiB in its place an answer of 10 KiB costs 3 % more CPU time, and one of 20 KiB 6 %.
const smallAnswer = 8 << 10

// pieces holds buffers for what passes through: parts of a body on their way to or from a file.
var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

const pieceSize = 64 << 10

// sendWhole sends the head with a body that is all here.
func (x *exchange) sendWhole(body []byte) error {
	x.started = true
	if len(x.out)+len(body) <= smallAnswer {
		if x.ticket != nil { // who reads it may ask again before we come to the end of this one
			x.ticket.Landed()
		}
		x.out = append(x.out, body...)
		err := x.conn.write(x.out)
		if err == nil {
			x.sent = int64(len(body))
		}
		return err
	}
	n, err := x.conn.writeVectors(net.Buffers{x.out, body})
	x.sent = max(0, n-int64(len(x.out)))
	return err
}

// sendHead sends the head alone.
func (x *exchange) sendHead() error {
	x.started = true
	return x.conn.write(x.out)
}

// write sends p. It fails when the client takes nothing for send_timeout, or less than send_min_rate.
func (c *conn) write(p []byte) error {
	for {
		begun := c.renew()
		n, err := c.Conn.Write(p)
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

// writeVectors sends all parts in one system call, if the client takes them, and returns how much was sent. It changes
// the slice.
func (c *conn) writeVectors(parts net.Buffers) (total int64, err error) {
	for {
		begun := c.renew()
		n, err := parts.WriteTo(c.Conn)
		total += n
		if err == nil {
			c.took(begun, int(n))
			return total, nil
		}
		if err := c.slow(begun, int(n), err); err != nil {
			return total, err
		}
	}
}

// renew sets the write deadline, unless the one that is set will nearly do: setting it for each write would cost more
// than the write. It returns the present time.
func (c *conn) renew() time.Time {
	now := time.Now()
	allowed := c.rules.cfg.SendTimeout
	c.rated = false
	if rate := c.rules.cfg.SendMinRate; rate > 0 {
		if slack := c.sending.slack(rate, c.rules.cfg.SendMinRateAfter); slack < allowed {
			allowed, c.rated = slack, true
		}
	}
	const precision = 64
	if due := now.Add(allowed); c.due.After(due) || due.Sub(c.due) > allowed/precision {
		c.due = due
		_ = c.Conn.SetWriteDeadline(due) // fails only on a closed connection, as the write will
	}
	if c.p.cutting.Load() { // after the deadline was set, as it may have been put over that of cut
		c.cut()
	}
	return now
}

// took notes that a write has ended well.
func (c *conn) took(begun time.Time, n int) {
	if c.rules.cfg.SendMinRate > 0 {
		c.sending.add(n, time.Since(begun))
	}
}

// slow decides what becomes of a write that did not send all: a client that has taken some of it before the deadline may
// go on. It returns the error that ends the connection.
func (c *conn) slow(begun time.Time, n int, err error) error {
	rate := c.rules.cfg.SendMinRate
	c.sending.add(n, time.Since(begun))
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
	case c.p.cutting.Load():
		err = errCut
		c.reset()
	case rate > 0 && c.sending.slack(rate, c.rules.cfg.SendMinRateAfter) <= 0:
		err = errSendSlow
		c.reset() // or the kernel would keep what it has for it
	case n == 0 && !c.rated:
		err = errSendTimeout
		c.reset()
	default:
		c.due = time.Time{}
		return nil
	}
	c.leaving = true
	return &sendError{err}
}

var (
	errSendTimeout = errors.New("the client took nothing of it in time (send_timeout)")
	errSendSlow    = errors.New("the client took it too slowly (send_min_rate)")
)

// sending is how fast a client takes an answer. Only the time counts in which something waited for it.
type sending struct {
	taken  int64
	waited time.Duration
}

func (s *sending) add(n int, waited time.Duration) {
	s.taken += int64(n)
	s.waited += waited
}

// slack is how much longer the client may take nothing before it is slower than rate, in bytes a second.
func (s *sending) slack(rate int64, after time.Duration) time.Duration {
	const most = time.Hour // of no importance beside send_timeout, and small enough to be added to a time
	bought := float64(s.taken) / float64(rate)
	if bought > (s.waited + most).Seconds() {
		return most
	}
	return after + time.Duration(bought*float64(time.Second)) - s.waited
}
