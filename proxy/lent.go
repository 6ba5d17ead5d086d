package proxy

import (
	"math"
	"net"
	"time"

	"forebay/python/spool"
)

// The application's thread lends the large pieces of an answer, and they go from the memory that it shares with us, or from
// its pipe, to the client. That ends where the client does not take them at once: the thread is not to wait for it, so the
// rest goes into the spool.

// sendLent sends a batch that is lent, the first size bytes of it and what comes behind them, up to the length of the body.
func (x *exchange) sendLent(b *outgoing, size, length int64) (err error) {
	sent, next := int64(0), spool.Store
	defer func() { b.spool.Repay(&b.batch, sent, next) }() // whatever happens: the thread waits for it
	sent, next, err = x.sendNow(b, size, length)
	return err
}

// sendNow sends what the client takes at once, and returns how many of the size bytes that was.
func (x *exchange) sendNow(b *outgoing, size, length int64) (sent int64, next spool.Next, err error) {
	c, begun, source := x.conn, time.Now(), b.batch.More
	chunked := x.chunks()
	if chunked && b.owed == 0 {
		b.beginChunk(size + int64(source.Unread()))
	}
	parts := append(b.vectors[:0], b.unsent, b.batch.Vectors[0][:size])
	if chunked && b.owed == size {
		parts = append(parts, endOfChunk)
	}
	n, err := c.sock.WriteNow(&parts, source.Unread() > 0)
	ahead := min(n, int64(len(b.unsent)))
	b.unsent = b.unsent[ahead:]
	sent, next = min(n-ahead, size), spool.Store
	x.sent += sent
	if chunked {
		b.owed -= sent
		b.endChunk(n - ahead - sent)
	}
	if err == nil && len(parts) == 0 {
		var moved int64
		moved, next, err = x.move(b, source, length)
		n += moved
	}
	if err != nil {
		return sent, spool.Store, c.slow(begun, int(n), err)
	}
	c.took(begun, int(n))
	return sent, next, nil
}

// move sends what is behind the piece.
func (x *exchange) move(b *outgoing, source spool.Source, length int64) (moved int64, next spool.Next, err error) {
	left := int64(math.MaxInt64)
	if length >= 0 {
		left = length - x.sent
	}
	moved, next, err = source.SendTo(x.conn.sock.FD(), left)
	x.sent += moved
	if !x.chunks() || moved == 0 {
		return moved, next, err
	}
	if b.owed -= moved; b.owed > 0 || err != nil {
		return moved, next, err
	}
	b.endChunk(0)
	n, err := x.conn.sock.WriteNow(&net.Buffers{b.unsent}, false)
	b.unsent = b.unsent[n:]
	return moved + n, next, err
}

// endChunk ends the chunk if all of it was sent, and so many bytes of its end.
func (b *outgoing) endChunk(sent int64) {
	if b.owed == 0 {
		b.unsent = append(b.framing, endOfChunk[sent:]...)
	}
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
