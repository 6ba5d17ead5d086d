package proxy

import (
	"math"
	"time"

	"forebay/python/spool"
)

// Of an answer of known length that is large the application's thread lends what it has written, and it goes from its pipe
// to the client without a copy. That ends where the client does not take it at once: the thread is not to wait for it, so
// the rest goes into the spool.

// sendLent sends a batch that is lent, the first size bytes of it and what comes behind them, up to the length of the body.
func (x *exchange) sendLent(b *outgoing, size, length int64) (err error) {
	sent, next := int64(0), spool.Store
	defer func() { b.spool.Repay(&b.batch, sent, next) }() // whatever happens: the thread waits for it
	sent, next, err = x.sendNow(b, size, length)
	return err
}

// sendNow sends what the client takes at once, and returns how many of the size bytes that was.
func (x *exchange) sendNow(b *outgoing, size, length int64) (sent int64, next spool.Next, err error) {
	c, begun := x.conn, time.Now()
	parts := append(b.vectors[:0], b.unsent, b.batch.Vectors[0][:size])
	n, err := c.sock.WriteNow(&parts, b.batch.More.Follows())
	ahead := min(n, int64(len(b.unsent)))
	b.unsent = b.unsent[ahead:]
	sent, next = n-ahead, spool.Store
	x.sent += sent
	if err == nil && sent == size {
		left := int64(math.MaxInt64)
		if length >= 0 {
			left = length - x.sent
		}
		var moved int64
		moved, next, err = b.batch.More.SendTo(c.sock.FD(), left)
		x.sent += moved
		n += moved
	}
	if err != nil {
		return sent, spool.Store, c.slow(begun, int(n), err)
	}
	c.took(begun, int(n))
	return sent, next, nil
}

// write sends the vectors. If the client has to be waited for the thread learns of it before.
func (b *outgoing) write(c *conn) (int64, error) {
	if !b.borrows {
		return c.writeVectors(b.vectors)
	}
	begun, parts := time.Now(), b.vectors
	n, err := c.sock.WriteNow(&parts, false)
	if err != nil {
		return n, c.slow(begun, int(n), err)
	}
	c.took(begun, int(n))
	if len(parts) == 0 {
		return n, nil
	}
	b.spool.Slow()
	rest, err := c.writeVectors(parts)
	return n + rest, err
}
