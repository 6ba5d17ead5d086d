package python

import (
	"fmt"
	"os"
	"strconv"
	"sync"

	"forebay/python/spool"
)

// Response is what an application answered, checked for its form but not for HTTP: statuses, fields and lengths are as
// the application gave them. Close gives everything back that it holds; the fields and Body are not valid after it.
type Response struct {
	Status int
	Reason []byte
	Fields []Field

	// Exactly one of these is the body: Stream or File where they are set, else Body (which may be empty).
	Body   []byte
	Stream *spool.Spool
	File   *FilePart

	payload []byte // a buffer of NewPayload, which fields and body are parts of
	own     []byte // memory for the payload of a small response; kept
}

// FilePart is count bytes of an open file from offset, as wsgi.file_wrapper gave it.
type FilePart struct {
	File          *os.File
	Offset, Count int64
}

var responses = sync.Pool{New: func() any { return new(Response) }}

// payloads holds buffers that frames are read into and responses keep. See NewPayload.
var payloads = sync.Pool{New: func() any { return new([payloadSize]byte) }}

// payloadSize has room for a RESPONSE with the 64 KiB of body that a worker sends in one frame, and its head.
const payloadSize = 80 << 10

// NewPayload returns a buffer to read frames into. A response that is parsed from it owns it from then on.
func NewPayload() []byte { return payloads.Get().(*[payloadSize]byte)[:] }

// FreePayload gives a buffer of NewPayload back. Grown ones are left to the garbage collector.
func FreePayload(b []byte) {
	if cap(b) == payloadSize {
		payloads.Put((*[payloadSize]byte)(b[:cap(b)]))
	}
}

// ParseResponse reads the payload of a RESPONSE, or of a HEAD without FlagFile. The response refers to payload, and
// frees buffer, which payload is a part of, when it is closed. On an error the caller keeps the buffer. Without a buffer
// the payload is copied.
func ParseResponse(kind Kind, payload, buffer []byte) (*Response, error) {
	items := 3
	if kind == KindHead {
		items = 2
	}
	resp := responses.Get().(*Response)
	r := reader{resp.keep(payload, buffer)}
	if err := r.tupleOf(items); err != nil {
		resp.Close()
		return nil, err
	}
	err := resp.parseHead(&r)
	if err == nil && items == 3 {
		resp.Body, err = r.bytes()
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		resp.Close()
		return nil, err
	}
	resp.payload = buffer
	return resp, nil
}

// ParseFileHead reads the payload of a HEAD with FlagFile. The response owns file; on an error the caller keeps it, as it
// keeps the buffer.
func ParseFileHead(payload, buffer []byte, file *os.File) (*Response, error) {
	resp := responses.Get().(*Response)
	r := reader{resp.keep(payload, buffer)}
	if err := r.tupleOf(4); err != nil {
		resp.Close()
		return nil, err
	}
	err := resp.parseHead(&r)
	part := &FilePart{File: file}
	if err == nil {
		part.Offset, err = r.decimal()
	}
	if err == nil {
		part.Count, err = r.decimal()
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		resp.Close()
		return nil, err
	}
	resp.File, resp.payload = part, buffer
	return resp, nil
}

// keep returns the payload where the response may refer to it.
func (r *Response) keep(payload, buffer []byte) []byte {
	if buffer != nil {
		return payload
	}
	r.own = append(r.own[:0], payload...)
	return r.own
}

// Drain says that nobody will read the stream, if there is one, although it is not closed yet.
func (r *Response) Drain() {
	if r.Stream != nil {
		r.Stream.Decline()
	}
}

// Close gives back what the response holds. It is called once and does not block.
func (r *Response) Close() {
	if r.Stream != nil {
		r.Stream.Close()
	}
	if r.File != nil {
		_ = r.File.File.Close() // opened for reading only
	}
	if r.payload != nil {
		FreePayload(r.payload)
	}
	*r = Response{Fields: r.Fields[:0], own: r.own}
	responses.Put(r)
}

func (r *Response) parseHead(rd *reader) error {
	status, err := rd.latin1()
	if err != nil {
		return err
	}
	if r.Status, r.Reason, err = splitStatus(status); err != nil {
		return err
	}
	n, err := rd.sequence()
	if err != nil {
		return err
	}
	for range n {
		if err := rd.tupleOf(2); err != nil {
			return err
		}
		var f Field
		if f.Name, err = rd.latin1(); err != nil {
			return err
		}
		if f.Value, err = rd.latin1(); err != nil {
			return err
		}
		r.Fields = append(r.Fields, f)
	}
	return nil
}

// splitStatus takes "200 OK" apart; the reason may be missing.
func splitStatus(b []byte) (status int, reason []byte, err error) {
	if len(b) < 3 || (len(b) > 3 && b[3] != ' ') {
		return 0, nil, fmt.Errorf("%w: status %q", ErrMarshal, b)
	}
	for _, c := range b[:3] {
		if c < '0' || c > '9' {
			return 0, nil, fmt.Errorf("%w: status %q", ErrMarshal, b)
		}
		status = status*10 + int(c-'0')
	}
	if len(b) > 4 {
		reason = b[4:]
	}
	return status, reason, nil
}

func (r *reader) decimal() (int64, error) {
	b, err := r.utf8()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: %q is no offset", ErrMarshal, b)
	}
	return n, nil
}

// ParseText reads the payload of ABORT, ERROR and FAILED: a tuple of one text.
func ParseText(payload []byte) (string, error) {
	v, err := ReadValue(payload)
	if err != nil {
		return "", err
	}
	if t, ok := v.(Tuple); ok && len(t) == 1 {
		if text, ok := t[0].(string); ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("%w: no text in it", ErrMarshal)
}
