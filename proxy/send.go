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
		n, err := c.writeOnce(&parts)
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

func (c *conn) writeOnce(parts *net.Buffers) (int64, error) {
	if c.sock != nil {
		return c.sock.WriteBuffers(parts)
	}
	return parts.WriteTo(c.Conn)
}

// renew sets the write deadline, unless the one that is set will nearly do: setting it for each write would cost more
// than the write. It returns the present time. When the deadline passes slow has a look at what the client does, several
// times before it is too late.
func (c *conn) renew() time.Time {
	now := time.Now()
	if !c.sending.stalled {
		c.sending.moved = now // pauses of the application are not the client's
	}
	const looks = 8
	timeout := c.rules.cfg.SendTimeout
	allowed := min(timeout/looks, c.sending.moved.Add(timeout).Sub(now))
	if rate := c.rules.cfg.SendMinRate; rate > 0 {
		allowed = min(allowed, c.slack(rate))
	}
	const precision = 8
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
	c.written += int64(n)
	c.sending.stalled = false
	if c.rules.cfg.SendMinRate > 0 {
		c.sending.waited += time.Since(begun)
	}
}

// slow decides what becomes of a write that did not send all: a client that has taken some of what it was sent may go on.
// It returns the error that ends the connection.
func (c *conn) slow(begun time.Time, n int, err error) error {
	now, rate := time.Now(), c.rules.cfg.SendMinRate
	c.written += int64(n)
	c.sending.waited += now.Sub(begun)
	c.gauge(now, n)
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
	case c.p.cutting.Load():
		err = errCut
		c.reset()
	case rate > 0 && c.slack(rate) <= 0:
		err = errSendSlow
		c.reset() // or the kernel would keep what it has for it
	case now.Sub(c.sending.moved) >= c.rules.cfg.SendTimeout:
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

// sending is how a client takes an answer.
type sending struct {
	rated  bool
	before int64         // what the client had taken when its speed was first asked for
	waited time.Duration // while something waited for it: only this time counts

	stalled bool      // the present write has waited beyond a deadline
	moved   time.Time // when the client was last seen to take something, or the beginning of the write
	landed  int64     // what it had taken then
}

// gauge finds out whether the client has taken something while a write waited for it, of which the kernel has taken n
// bytes. Of a client that is slow the kernel takes nothing for minutes: it wants a third of megabytes free first.
func (c *conn) gauge(now time.Time, n int) {
	s, landed := &c.sending, c.landed()
	if (s.stalled && landed > s.landed) || (!s.stalled && n > 0) {
		s.moved = now
	}
	s.stalled, s.landed = true, landed
}

// landed is how much the client has taken of all that was written to it, as far as the kernel tells.
func (c *conn) landed() int64 { return c.written - c.held() }

// slack is how much longer the client may take nothing before it is slower than rate, in bytes a second.
func (c *conn) slack(rate int64) time.Duration {
	const most = time.Hour // of no importance beside send_timeout, and small enough to be added to a time
	s, landed := &c.sending, c.landed()
	if !s.rated {
		s.rated, s.before = true, landed
	}
	bought := float64(landed-s.before) / float64(rate)
	if bought > (s.waited + most).Seconds() {
		return most
	}
	return c.rules.cfg.SendMinRateAfter + time.Duration(bought*float64(time.Second)) - s.waited
}
