package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"forebay/proxy/quiet"
	"forebay/python"
	"forebay/python/spool"
)

// answerStream answers with a body that comes bit by bit: what is there leaves at once, from the spool's own memory.
func (x *exchange) answerStream(resp *python.Response, s said) error {
	x.endHead(s.own, s.length)
	b := x.watch(resp.Stream)
	defer b.unwatch()
	b.unsent = x.out // the head goes with what is there already
	b.framing = x.out[len(x.out):]
	if x.conn.sock != nil {
		b.borrows = true
		b.spool.Borrow()
	}
	err := b.take(false)
	for ; err == nil; err = b.take(true) {
		if err := x.sendBatch(b, s.length); err != nil {
			return err
		}
		if s.length >= 0 && x.sent >= s.length {
			b.spool.Enough()
			return nil
		}
	}
	switch {
	case !errors.Is(err, io.EOF): // which can still be told if nothing has left
		return err
	case s.length > x.sent && x.started:
		return errShort
	case b.owed > 0: // the thread has said how long a chunk is, and has not kept it
		return errShort
	case s.length > 0:
		return broken("a Content-Length of %d, and no body", s.length)
	}
	x.started = true
	if x.chunks() {
		b.unsent = append(b.unsent, lastChunk...)
	}
	return x.conn.write(b.unsent)
}

// chunks reports whether the body goes in the chunked coding (RFC 9112, section 7.1).
func (x *exchange) chunks() bool { return x.length == unknown && !x.head.HTTP10() }

var (
	lastChunk  = []byte("0\r\n\r\n")
	endOfChunk = endOfLine
)

// sendBatch sends what was taken, up to the length of the body, as one chunk where it has none.
func (x *exchange) sendBatch(b *outgoing, length int64) error {
	x.started = true
	size := b.batch.Size
	if length >= 0 {
		size = min(size, length-x.sent)
	}
	if b.batch.More != nil {
		return x.sendLent(b, size, length)
	}
	err := x.sendVectors(b, size)
	b.release()
	return err
}

// sendVectors sends the batch in one system call, if the client takes it.
func (x *exchange) sendVectors(b *outgoing, size int64) error {
	chunked := x.chunks() && size > 0
	if chunked && b.owed == 0 {
		b.beginChunk(size)
	}
	b.vectors = append(b.vectors[:0], b.unsent)
	framing, left := int64(len(b.unsent)), size
	for _, v := range b.batch.Vectors {
		v = v[:min(int64(len(v)), left)]
		left -= int64(len(v))
		if chunked && int64(len(v)) > b.owed { // the end of a chunk that was lent, and the beginning of what is behind it
			b.vectors = append(b.vectors, v[:b.owed], endOfChunk, chunkHead(int64(len(v))-b.owed+left))
			v = v[b.owed:]
			framing += int64(len(endOfChunk) + len(b.vectors[len(b.vectors)-1]))
			b.owed = int64(len(v)) + left
		}
		b.vectors = append(b.vectors, v)
		if chunked {
			b.owed -= int64(len(v))
		}
	}
	if chunked && b.owed == 0 {
		b.vectors = append(b.vectors, endOfChunk)
	}
	n, err := b.write(x.conn)
	x.sent += min(max(0, n-framing), size)
	return err
}

// outgoing is a body on its way to its client.
type outgoing struct {
	watched
	batch   spool.Batch
	unsent  []byte // framing that leaves with what comes next
	framing []byte // room for it, behind the head, which the access log reads
	owed    int64  // of the chunk that was begun, to a client that takes chunks
	vectors net.Buffers
	borrows bool // what the application's thread lends
}

// beginChunk begins a chunk of the chunked coding.
func (b *outgoing) beginChunk(size int64) {
	b.unsent = append(strconv.AppendInt(b.unsent, size, 16), endOfLine...)
	b.owed = size
}

func chunkHead(size int64) []byte { return append(strconv.AppendInt(nil, size, 16), endOfLine...) }

// take takes what is there of the body.
func (b *outgoing) take(wait bool) error {
	b.reads.Add(1)
	err := b.spool.Take(&b.batch, wait)
	switch {
	case !errors.Is(err, os.ErrClosed): // by Wake, as nobody else closes it before unwatch
		return err
	case b.ending.Load():
		return &sendError{errCut}
	}
	return &sendError{errLeft}
}

var errLeft = errors.New("the client has left a quiet stream")

func (b *outgoing) release() {
	b.spool.Release(&b.batch)
	b.unsent = b.framing
	clear(b.vectors)
}

// watched is a body whose client is watched: if it leaves while the application has nothing to send, the body is closed,
// by which the application learns of it. Otherwise the next write would show it.
type watched struct {
	loop  *quiet.Loop
	entry quiet.Entry
	spool *spool.Spool
	reads atomic.Int64 // begun
	// ending says that the server has closed the body, and not the client.
	ending atomic.Bool
	rest   time.Duration
	timer  atomic.Pointer[time.Timer]
}

func (x *exchange) watch(s *spool.Spool) *outgoing {
	b := &outgoing{watched: watched{loop: x.p.quiet, spool: s, rest: x.rules.halfClosed}}
	b.entry.Guest, b.entry.FD = &b.watched, x.conn.entry.FD
	b.loop.WatchHangup(&b.entry)
	return b
}

// Wake is called when the client has closed its side. It may still read, and then the application's next piece reaches
// it; but one that says nothing more and waits in vain for a while is taken to have left, as nginx takes it at once. One
// that is slow to take what there is does not wait.
func (w *watched) Wake(why quiet.Reason) {
	if why == quiet.Ending {
		w.ending.Store(true)
		w.spool.Close()
		return
	}
	waited, seen := w.spool.Waited(), w.reads.Load()
	w.timer.Store(time.AfterFunc(w.rest, func() {
		if waited && w.spool.Waited() && w.reads.Load() == seen {
			w.spool.Close()
			return
		}
		w.Wake(quiet.Readable)
	}))
}

// usualHalfClosed is how long a client that has closed its side waits for more of a body.
const usualHalfClosed = time.Second

func (w *watched) unwatch() {
	w.loop.Drop(&w.entry)
	if timer := w.timer.Load(); timer != nil {
		timer.Stop() // one that goes off all the same closes a spool that is closed
	}
}
