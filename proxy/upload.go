package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"forebay/proxy/chunked"
	"forebay/proxy/head"
	"forebay/python"
	"forebay/python/spool"
)

var (
	errBodyTooLarge = &head.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "the body is larger than body_size"}
	errBodyTimeout  = &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the body did not come in time (body_timeout)"}
	errBodySlow     = &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the body came too slowly (body_min_rate)"}
	errHalfBody     = &head.Refusal{Status: http.StatusBadRequest, Reason: "the connection ended within the body"}
	errBodyLost     = &head.Refusal{Status: statusClientGone, Reason: "the client left within its request"}
	errNoRoom       = &head.Refusal{Status: http.StatusInsufficientStorage, Reason: "no room for the body (temp_dir)"}
)

// upload is a request's body on its way in: into memory up to body_memory, then into an unlinked file. It may be left at
// any byte, when the client is silent, and gone on with.
type upload struct {
	memory  []byte
	budget  *spool.Budget // of all bodies
	granted int64         // what memory has of it
	buffer  *[]byte       // from bodyBuffers, or nil: what memory lies in
	file    *os.File
	total   int64

	left    int64 // of the Content-Length
	chunks  chunked.Decoder
	chunked bool
	whole   bool
	failed  error // what was wrong with what came; it is answered by the connection's goroutine

	bodyRules
	begun   time.Time
	last    time.Time // when something came
	tooSlow bool      // the deadline is that of body_min_rate
}

// bodyRules are the limits of a request's body.
type bodyRules struct {
	size  int64         // in bytes; 0: no limit
	pause time.Duration // between two reads
	rate  int64         // the least on average, in bytes a second; 0: no limit
}

// bodyBuffers holds buffers that grew to what bodies needed, at most body_memory.
var bodyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, inputSize); return &b }}

// begin prepares for the body that a head announces.
func (u *upload) begin(h *head.Head, rules bodyRules, now time.Time) {
	*u = upload{left: h.Length, chunked: h.Chunked, bodyRules: rules, begun: now, last: now}
	u.whole = !h.Chunked && h.Length <= 0
}

// body is what the application gets. It is valid until free.
func (u *upload) body() python.Body {
	return python.Body{Memory: u.memory, File: u.file, Size: u.total}
}

// free gives back what the body lies in. That it was whole, and its size, are remembered.
func (u *upload) free() {
	if u.file != nil {
		_ = u.file.Close() // unlinked, and the worker has its own descriptor
	}
	u.freeMemory()
	*u = upload{whole: u.whole, total: u.total}
}

func (u *upload) freeMemory() {
	u.freeBuffer()
	if u.granted > 0 {
		u.budget.Give(u.granted)
	}
	u.memory, u.granted = nil, 0
}

// freeBuffer puts back what memory lies in, for another body to grow in.
func (u *upload) freeBuffer() {
	if u.buffer != nil {
		*u.buffer = u.memory[:0]
		bodyBuffers.Put(u.buffer)
		u.buffer = nil
	}
}

// shrink gives up memory that is not needed while the client is silent.
func (u *upload) shrink() {
	if u.buffer == nil || len(u.memory) > cap(u.memory)/2 {
		return
	}
	kept := append(make([]byte, 0, len(u.memory)+len(u.memory)/4), u.memory...)
	u.freeBuffer()
	u.memory = kept
}

// receive reads the body to its end. It returns errQuiet when the client is silent, and goes on when called again.
func (x *exchange) receive() error {
	u := &x.upload
	if u.whole && u.failed == nil {
		return nil
	}
	defer func() { x.read = time.Since(x.start) - x.delayed }()
	for !u.whole || u.failed != nil {
		err := u.failed
		if err == nil {
			err = x.receiveSome()
		}
		if err != nil {
			if errors.Is(err, errQuiet) {
				return err
			}
			return x.bodyError(err)
		}
	}
	return nil
}

// receiveSome takes what has come, or waits for more.
func (x *exchange) receiveSome() error {
	c, u := x.conn, &x.upload
	if !c.in.empty() {
		return x.takePending()
	}
	limit := x.bodyLimit(time.Now())
	if u.chunked { // what follows the body goes to where the head lies, and the head is still needed
		x.keepHead()
	}
	switch {
	case u.file != nil, c.woken, u.chunked && u.total > inputSize: // who sends little gets no memory ahead of it
		return x.receivePiece(limit)
	case !u.chunked:
		return x.receiveMemory(limit)
	}
	n, err := c.read(c.in.room(), limit)
	c.in.w += n
	return err
}

// keepHead takes the memory that the head lies in from the connection's input, which goes on in another one.
func (x *exchange) keepHead() {
	if x.buffer == nil {
		x.buffer = x.conn.in.detach()
	}
}

// shrink gives up memory that is not needed while the client is silent.
func (x *exchange) shrink() {
	x.upload.shrink()
	x.keepHead()
	if len(x.block) > len(x.buffer)/2 {
		return
	}
	old := x.buffer
	x.block = append(make([]byte, 0, len(x.block)), x.block...)
	x.buffer = x.block
	_ = x.head.Read(x.block, x.rules.limits) // as before
	x.identify()
	freeInput(old)
}

// takePending takes what lies in the connection's input.
func (x *exchange) takePending() error {
	in := &x.conn.in
	n, err := x.take(in.pending())
	in.r += n
	x.upload.failed = err
	return err
}

// take takes the part of b that belongs to the body, stores it, and returns its size. It moves the bytes of chunks
// together in b, so that many small ones are stored at once.
func (x *exchange) take(b []byte) (int, error) {
	u := &x.upload
	u.last = time.Now()
	if !u.chunked {
		n := int(min(int64(len(b)), u.left))
		u.left -= int64(n)
		u.whole = u.left == 0
		return n, x.store(b[:n])
	}
	data, n, done, err := u.chunks.Gather(b)
	if err != nil {
		return n, err
	}
	u.whole = done
	if limit := u.size; limit > 0 && u.chunks.Left() > limit-u.total-int64(len(data)) {
		return n, errBodyTooLarge // of what is announced, there is no need to wait for it
	}
	return n, x.store(data)
}

// store keeps a part of the body.
func (x *exchange) store(data []byte) error {
	u := &x.upload
	if err := x.count(len(data)); err != nil {
		return err
	}
	if u.file == nil && int64(len(u.memory)+len(data)) <= x.rules.cfg.BodyMemory && x.reserve(len(data)) {
		u.memory = append(u.memory, data...)
		return nil
	}
	return x.toFile(data)
}

func (x *exchange) count(n int) error {
	u := &x.upload
	u.total += int64(n)
	if limit := u.size; limit > 0 && u.total > limit {
		return errBodyTooLarge
	}
	return nil
}

// reserve makes room in memory for n more bytes, and reports false if all bodies together have as much as they may. The
// first few thousand bytes are free: connections are bounded, and most bodies are as small.
func (x *exchange) reserve(n int) bool {
	u := &x.upload
	if over := int64(len(u.memory)+n) - inputSize - u.granted; over > 0 {
		step := max(over, grantStep)
		if !x.p.budget.Take(step) {
			return false
		}
		u.budget, u.granted = x.p.budget, u.granted+step
	}
	if u.memory == nil {
		u.buffer = bodyBuffers.Get().(*[]byte)
		u.memory = (*u.buffer)[:0]
	}
	u.memory = slices.Grow(u.memory, n)
	return true
}

// grantStep is how much a body takes of the memory of all at once.
const grantStep int64 = 32 << 10

// toFile writes data behind the rest of the body, which moves to the file if it was in memory.
func (x *exchange) toFile(data []byte) error {
	x.conn.sock.Leave() // the disk may have to be waited for, and a line in the log that says that it is full
	u := &x.upload
	if u.file == nil {
		file, err := spool.TempFile(x.rules.cfg.TempDir)
		if err != nil {
			return fmt.Errorf("%w: %w", errSpool, err)
		}
		u.file = file
		if err := x.toFile(u.memory); err != nil {
			return err
		}
		u.freeMemory()
	}
	if len(data) == 0 {
		return nil
	}
	if _, err := u.file.Write(data); err != nil {
		return fmt.Errorf("%w: %w", errSpool, err)
	}
	return nil
}

// errSpool marks errors of the temporary file.
var errSpool = errors.New("temporary file")

// receiveMemory reads a body of known length straight to where it stays. What does not fit there goes to the file.
func (x *exchange) receiveMemory(limit time.Time) error {
	u := &x.upload
	room := min(u.left, x.rules.cfg.BodyMemory-int64(len(u.memory)))
	const step = 16 << 10 // memory follows what has come, not what was announced
	if room <= 0 || !x.reserve(int(min(room, max(step, int64(len(u.memory)))))) {
		return x.toFile(nil)
	}
	n, err := x.conn.read(u.memory[len(u.memory):min(int64(cap(u.memory)), int64(len(u.memory))+room)], limit)
	if err != nil {
		return err
	}
	u.last = time.Now()
	u.memory = u.memory[:len(u.memory)+n]
	u.left -= int64(n)
	u.whole = u.left == 0
	return x.count(n)
}

// receivePiece reads a piece of a large body, which goes to the file.
func (x *exchange) receivePiece(limit time.Time) error {
	b := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(b)
	room := int64(len(b))
	if !x.upload.chunked { // what follows is the next request's
		room = min(room, x.upload.left)
	}
	n, err := x.conn.read(b[:room], limit)
	if err != nil {
		return err
	}
	taken, err := x.take(b[:n])
	x.conn.in.put(b[taken:n])
	return err
}

// bodyLimit returns when the next bytes must be here: before the pause is too long, and before the average is below the
// least rate.
func (x *exchange) bodyLimit(now time.Time) time.Time {
	u := &x.upload
	limit := u.last.Add(u.pause)
	u.tooSlow = false
	if u.rate <= 0 {
		return limit
	}
	seconds := float64(u.total) / float64(u.rate)
	if seconds > now.Sub(u.begun).Seconds()+u.pause.Seconds() {
		return limit // and not to be added to a time, either: a year is near for a gibibyte at a byte a second
	}
	least := u.begun.Add(x.rules.cfg.BodyMinRateAfter + time.Duration(seconds*float64(time.Second)))
	if least.Before(limit) {
		u.tooSlow = true
		return least
	}
	return limit
}

// bodyError says what a failed read or write of a body means to the client. The connection is of no use any more.
func (x *exchange) bodyError(err error) error {
	var refusal *head.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, errSpool):
		x.p.log.Error("request body not stored", x.attrs("error", err)...)
		return errNoRoom
	case errors.Is(err, errLate) && x.upload.tooSlow:
		return errBodySlow
	case errors.Is(err, errLate):
		return errBodyTimeout
	case errors.Is(err, errCut):
		return err
	case errors.Is(err, io.EOF):
		return errHalfBody // it may have closed one direction only, and still read (RFC 9112, section 8)
	}
	return errBodyLost
}
