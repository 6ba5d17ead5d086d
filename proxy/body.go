package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"forebay/proxy/head"
	"forebay/python"
	"forebay/python/spool"
)

var (
	errBodyTooLarge = &head.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "the body is larger than body_size"}
	errBodyTimeout  = &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the body did not come in time (body_timeout)"}
	errBodySlow     = &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the body came too slowly (body_min_rate)"}
	errBodyBroken   = &head.Refusal{Status: http.StatusBadRequest, Reason: "the request ended early or is not well-formed"}
	errNoRoom       = &head.Refusal{Status: http.StatusInsufficientStorage, Reason: "no room for the body (temp_dir)"}
)

// body is a whole request body with the memory that it lies in.
type body struct {
	python.Body
	buffer *[]byte // from bodyBuffers, or nil
}

func (b body) free() {
	if b.File != nil {
		_ = b.File.Close() // unlinked, and the worker has its own descriptor
	}
	if b.buffer != nil {
		bodyBuffers.Put(b.buffer)
	}
}

// bodyBuffers holds buffers that grew to what bodies needed, at most body_memory.
var bodyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// readBody reads the request's body to its end: into memory up to body_memory, the rest into an unlinked file. A client
// that leaves on the way never gets further than this.
func (x *exchange) readBody() (body, error) {
	in := x.ctx.RequestBodyStream()
	if !x.head.HasBody() || in == nil {
		return body{}, nil
	}
	r := &bodyReader{x: x, in: in, begun: time.Now()}
	buffer := bodyBuffers.Get().(*[]byte)
	memory, err := r.toMemory((*buffer)[:0], x.p.cfg.BodyMemory)
	*buffer = memory[:0]
	b := body{Body: python.Body{Memory: memory}, buffer: buffer}
	if err == nil && !r.ended {
		b.File, err = r.toFile(memory, x.p.cfg.TempDir)
	}
	if err == nil && ((x.head.Length >= 0 && r.total != x.head.Length) || x.conn.ended) {
		err = errBodyBroken // fasthttp takes the end of the connection for that of a chunked body
	}
	if err != nil {
		b.free()
		return body{}, x.bodyError(err)
	}
	b.Size = r.total
	return b, nil
}

// bodyError says what a failed read or write of a body means to the client. The connection is of no use any more.
func (x *exchange) bodyError(err error) error {
	var refusal *head.Refusal
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, errSpool):
		x.p.log.Error("request body not stored", x.attrs("error", err)...)
		return errNoRoom
	case errors.As(err, &timeout) && timeout.Timeout():
		return errBodyTimeout
	}
	return errBodyBroken
}

// errSpool marks errors of the temporary file.
var errSpool = errors.New("temporary file")

// bodyReader reads a body within its limits of time and size.
type bodyReader struct {
	x     *exchange
	in    io.Reader
	begun time.Time
	total int64
	ended bool
}

func (r *bodyReader) Read(p []byte) (int, error) {
	deadline, tooSlow := r.deadline(time.Now())
	_ = r.x.conn.SetReadDeadline(deadline) // fails only on a closed connection, as the read will
	n, err := r.in.Read(p)
	r.total += int64(n)
	if limit := r.x.p.cfg.BodySize; limit > 0 && r.total > limit {
		return n, errBodyTooLarge
	}
	if tooSlow && errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errBodySlow
	}
	r.ended = err == io.EOF
	return n, err
}

// deadline returns when the next bytes must be here: before the pause is too long, and before the average is below the
// least rate. tooSlow says that it is the latter which comes first.
func (r *bodyReader) deadline(now time.Time) (deadline time.Time, tooSlow bool) {
	cfg := &r.x.p.cfg
	deadline = now.Add(cfg.BodyTimeout)
	if cfg.BodyMinRate <= 0 {
		return deadline, false
	}
	seconds := float64(r.total) / float64(cfg.BodyMinRate)
	if seconds > now.Sub(r.begun).Seconds()+cfg.BodyTimeout.Seconds() {
		return deadline, false // and not to be added to a time, either: a year is near for a gibibyte at a byte a second
	}
	least := r.begun.Add(cfg.BodyMinRateAfter + time.Duration(seconds*float64(time.Second)))
	if least.Before(deadline) {
		return least, true
	}
	return deadline, false
}

// toMemory reads up to most bytes into b, which it may replace by a larger one.
func (r *bodyReader) toMemory(b []byte, most int64) ([]byte, error) {
	for !r.ended {
		if len(b) == cap(b) {
			if int64(cap(b)) >= most {
				return b, nil
			}
			grown := make([]byte, len(b), min(2*int64(cap(b)), max(most, int64(len(b)))))
			copy(grown, b)
			b = grown
		}
		n, err := r.Read(b[len(b):min(int64(cap(b)), max(most, 1))])
		b = b[:len(b)+n]
		if err != nil && !errors.Is(err, io.EOF) {
			return b, err
		}
		if int64(len(b)) >= most {
			return b, nil
		}
	}
	return b, nil
}

// toFile writes start, and what is still to be read, into a file.
func (r *bodyReader) toFile(start []byte, dir string) (*os.File, error) {
	file, err := spool.TempFile(dir)
	if err != nil {
		return nil, errors.Join(errSpool, err)
	}
	_, err = file.Write(start)
	if err == nil {
		_, err = io.Copy(onlyWriter{file}, onlyReader{r})
	}
	if err != nil {
		_ = file.Close() // it is of no use
		return nil, err
	}
	return file, nil
}
