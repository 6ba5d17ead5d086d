package proxy

import (
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"forebay/proxy/quiet"
	"forebay/python"
	"forebay/python/spool"
)

// answerStream answers with a body that comes bit by bit: each piece leaves as soon as it is there.
func (x *exchange) answerStream(resp *python.Response, s said) error {
	x.endHead(s.own, s.length)
	if err := x.sendHead(); err != nil {
		return err
	}
	body := x.watch(resp.Stream)
	defer body.unwatch()
	b := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(b)
	if s.length == unknown && !x.head.HTTP10() {
		return x.sendChunks(body, b[:])
	}
	return x.sendPlain(body, b[:], s.length)
}

// sendPlain sends a body of that length, or of unknown length to the end of the connection.
func (x *exchange) sendPlain(body io.Reader, b []byte, length int64) error {
	for length != x.sent {
		if length > 0 {
			b = b[:min(int64(len(b)), length-x.sent)]
		}
		n, err := body.Read(b)
		if n > 0 {
			if err := x.conn.write(b[:n]); err != nil {
				return err
			}
			x.sent += int64(n)
		}
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return err
		case length == unknown:
			return nil
		case x.sent < length:
			return errShort
		}
	}
	return nil
}

// sendChunks sends a body in the chunked coding, a piece a chunk (RFC 9112, section 7.1).
func (x *exchange) sendChunks(body io.Reader, b []byte) error {
	const before, after = len("10000\r\n"), len("\r\n")
	for {
		n, err := body.Read(b[before : len(b)-after])
		if n > 0 {
			if err := x.conn.write(chunk(b, before, n)); err != nil {
				return err
			}
			x.sent += int64(n)
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return x.conn.write(lastChunk)
		default:
			return err
		}
	}
}

// chunk frames the n bytes at b[at:], before and behind which there is room.
func chunk(b []byte, at, n int) []byte {
	var room [8]byte
	size := append(strconv.AppendInt(room[:0], int64(n), 16), "\r\n"...)
	begin := at - len(size)
	copy(b[begin:], size)
	return append(b[begin:at+n], "\r\n"...)
}

var lastChunk = []byte("0\r\n\r\n")

// watched is a body whose client is watched: if it leaves while the application has nothing to send, the body is closed,
// by which the application learns of it. Otherwise the next write would show it.
type watched struct {
	loop  *quiet.Loop
	entry quiet.Entry
	spool *spool.Spool
	reads atomic.Int64
	timer atomic.Pointer[time.Timer]
}

func (x *exchange) watch(s *spool.Spool) *watched {
	w := &watched{loop: x.p.quiet, spool: s}
	w.entry.Guest, w.entry.FD = w, x.conn.entry.FD
	w.loop.WatchHangup(&w.entry)
	return w
}

// Read gives what is there of the body, at once.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.spool.Read(p)
	w.reads.Add(1)
	return n, err
}

// Wake is called when the client has closed its side. It may still read, and then the application's next piece reaches
// it; but one that says nothing more and gets nothing for a while is taken to have left, as nginx takes it at once.
func (w *watched) Wake(quiet.Reason) {
	seen := w.reads.Load()
	w.timer.Store(time.AfterFunc(halfClosed, func() {
		if w.reads.Load() == seen {
			w.spool.Close()
			return
		}
		w.Wake(quiet.Readable)
	}))
}

// halfClosed is how long a client that has closed its side waits for more of a body.
const halfClosed = time.Second

func (w *watched) unwatch() {
	w.loop.Drop(&w.entry)
	if timer := w.timer.Load(); timer != nil {
		timer.Stop() // one that goes off all the same closes a spool that is closed
	}
}

var _ io.Reader = (*watched)(nil)
