package proxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"forebay/proxy/coding"
	"forebay/proxy/compress"
	"forebay/python"
)

// answerCoded answers in a content coding, if the configuration wants it and the client takes one. answered is false if
// the response goes as it is; then its head may have got a Vary.
func (x *exchange) answerCoded(resp *python.Response, s said) (answered bool, err error) {
	isHead := string(x.head.Method) == http.MethodHead
	length := s.length
	if length < 0 && resp.Stream == nil && (!isHead || len(resp.Body) > 0) { // some applications answer HEAD as GET
		length = int64(len(resp.Body))
	}
	if resp.File != nil || isHead && length < 0 || resp.Stream == nil && !isHead && length > int64(len(resp.Body)) {
		return false, nil // a file that is too short, a length that nobody knows, a body that is too short
	}
	answer := compress.Answer{Status: resp.Status, Fields: resp.Fields, Length: length}
	chosen, varies := x.rules.compressor.Choose(x.head.Fields, &answer)
	if !varies {
		return false, nil
	}
	if chosen != coding.Identity {
		x.conn.sock.Leave() // it may take a while
	}
	switch {
	case chosen == coding.Identity:
	case isHead:
		if s, err = x.copyCodedHead(resp, chosen); err != nil {
			return true, err
		}
		x.endHead(s.own, bare)
		return true, x.sendHead()
	case resp.Stream != nil:
		answered, err = x.answerCodedStream(resp, s.length, chosen)
	default:
		answered, err = x.answerCodedWhole(resp, resp.Body[:length], chosen)
	}
	if !answered && err == nil {
		_, err = x.copyCodedHead(resp, coding.Identity)
	}
	return answered, err
}

// copyCodedHead begins the answer anew, with the fields that it has in a coding.
func (x *exchange) copyCodedHead(resp *python.Response, chosen coding.Coding) (said, error) {
	resp.Fields = compress.Fields(resp.Fields, chosen)
	return x.copyHead(resp)
}

// coded holds buffers for small responses that were coded.
var coded = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// answerCodedWhole answers with a body that is all here; answered is false if coding it gains nothing.
func (x *exchange) answerCodedWhole(resp *python.Response, body []byte, chosen coding.Coding) (answered bool, err error) {
	packed := coded.Get().(*bytes.Buffer)
	defer coded.Put(packed)
	packed.Reset()
	z := coding.NewStream(chosen, packed)
	defer coding.Free(chosen, z)
	_, err = z.Write(body)
	if err == nil {
		err = z.Close()
	}
	if err != nil || packed.Len() >= len(body) {
		return false, err
	}
	s, err := x.copyCodedHead(resp, chosen)
	if err != nil {
		return true, err
	}
	x.endHead(s.own, int64(packed.Len()))
	return true, x.sendWhole(packed.Bytes())
}

// answerCodedStream answers with a body that comes bit by bit: what is there leaves at once. answered is false if as many
// streams are coded as may be.
func (x *exchange) answerCodedStream(resp *python.Response, length int64, chosen coding.Coding) (answered bool, err error) {
	out := &codedBody{x: x}
	z := x.rules.compressor.Open(chosen, out)
	if z == nil {
		return false, nil
	}
	defer z.Free()
	s, err := x.copyCodedHead(resp, chosen)
	if err != nil {
		return true, err
	}
	x.endHead(s.own, unknown)
	b := x.watch(resp.Stream)
	defer b.unwatch()
	taken, err := x.codeStream(b, z, out, length)
	switch {
	case err != nil:
		return true, err
	case taken < length && x.started:
		return true, errShort
	case taken < length:
		return true, broken("a Content-Length of %d, and no body", length)
	}
	if err := z.Close(); err != nil {
		return true, err
	}
	return true, out.end()
}

// codeStream codes what the application sends, up to the length if there is one, and returns how much that was.
func (x *exchange) codeStream(b *outgoing, z *compress.Stream, out *codedBody, length int64) (taken int64, err error) {
	for err = b.take(false); err == nil; err = b.take(true) {
		size := b.batch.Size
		if length >= 0 {
			size = min(size, length-taken)
		}
		err = b.writeTo(z, size)
		b.release()
		if err == nil {
			err = z.Flush()
		}
		if err == nil {
			err = out.flush()
		}
		if err != nil {
			return taken, err
		}
		if taken += size; taken == length {
			return taken, nil
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return taken, err
}

// writeTo writes the first size bytes of the batch.
func (b *outgoing) writeTo(w io.Writer, size int64) error {
	for _, v := range b.batch.Vectors {
		v = v[:min(int64(len(v)), size)]
		size -= int64(len(v))
		if _, err := w.Write(v); err != nil {
			return err
		}
	}
	return nil
}

// codedBody is what comes out of the coding, on its way to the client.
type codedBody struct {
	x   *exchange
	buf []byte
}

// codedPiece is how much is gathered before it leaves, if nobody flushes.
const codedPiece = 16 << 10

func (c *codedBody) Write(p []byte) (int, error) {
	c.buf = append(c.buf, p...)
	if len(c.buf) < codedPiece {
		return len(p), nil
	}
	return len(p), c.flush()
}

// flush sends what there is, as a chunk where the client knows them. The head goes with the first one.
func (c *codedBody) flush() error {
	x := c.x
	if len(c.buf) == 0 {
		return nil
	}
	parts := net.Buffers{x.unsentHead(), c.buf}
	if x.chunks() {
		parts[0] = append(strconv.AppendInt(parts[0], int64(len(c.buf)), 16), "\r\n"...)
		parts = append(parts, endOfChunk)
	}
	framing := int64(len(parts[0]))
	n, err := x.conn.writeVectors(parts)
	x.sent += min(max(0, n-framing), int64(len(c.buf)))
	c.buf = c.buf[:0]
	return err
}

// end sends what is left, and the end of the body.
func (c *codedBody) end() error {
	if err := c.flush(); err != nil || !c.x.chunks() {
		return err
	}
	return c.x.conn.write(lastChunk)
}

// unsentHead returns the head the first time, and then an empty buffer.
func (x *exchange) unsentHead() []byte {
	if !x.started {
		x.started = true
		return x.out
	}
	return x.out[len(x.out):] // room behind it: the access log reads it
}
