package generator

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// longestHead bounds the head of an answer, and any single line of a chunked body.
const longestHead = 32 << 10

// part says what of an answer comes next.
type part uint8

const (
	head part = iota
	sized
	chunkSize
	chunk
	chunkEnd
	trailer
	untilClose
	whole
)

// answer is an HTTP/1.1 answer that is being read, in pieces of any size. Its body is compared with the right one as it
// comes, so that none of it is kept.
type answer struct {
	want string

	part   part
	line   []byte // what has come of a head or a line, where it has not come whole
	left   int64  // of a sized body or a chunk
	seen   int    // of the body
	status int
	wrong  bool // the body is another one
	closes bool // the server closes the connection after it
}

var (
	errHead    = errors.New("another protocol")
	errFraming = errors.New("broken framing")
	errBody    = errors.New("another body")
)

// begin forgets the answer before, but for its buffer.
func (a *answer) begin(want string) { *a = answer{want: want, line: a.line[:0]} }

// begun reports whether anything of the answer has come.
func (a *answer) begun() bool { return a.part != head || len(a.line) > 0 }

// feed takes the next bytes from the connection and reports whether the answer is whole. What comes after its end is
// nothing that we have asked for.
func (a *answer) feed(data []byte) (done bool, err error) {
	for len(data) > 0 && a.part != whole {
		switch a.part {
		case sized, chunk:
			data = a.take(data)
		case untilClose:
			a.compare(data)
			return false, nil
		default:
			if data, err = a.text(data); err != nil {
				return false, err
			}
		}
	}
	if len(data) > 0 {
		return false, errFraming
	}
	return a.part == whole, nil
}

// end says what the end of the connection makes of the answer: it is whole only if its body has no other end.
func (a *answer) end() bool { return a.part == untilClose }

// take reads from a body or a chunk whose size is known.
func (a *answer) take(data []byte) []byte {
	n := min(int64(len(data)), a.left)
	a.compare(data[:n])
	if a.left -= n; a.left > 0 {
		return nil
	}
	if a.part == sized {
		a.part = whole
	} else {
		a.part = chunkEnd
	}
	return data[n:]
}

func (a *answer) compare(data []byte) {
	end := a.seen + len(data)
	if end > len(a.want) || a.want[a.seen:end] != string(data) {
		a.wrong = true
		end = min(end, len(a.want)) // the rest is compared with something, and wrong anyhow
	}
	a.seen = end
}

// text reads a head or a line, which may come in pieces, and understands it when it is there.
func (a *answer) text(data []byte) (rest []byte, err error) {
	ending := []byte("\r\n")
	if a.part == head {
		ending = []byte("\r\n\r\n")
	}
	text := data
	from := 0
	if len(a.line) > 0 {
		from = max(0, len(a.line)-len(ending)+1)
		a.line = append(a.line, data...)
		text = a.line
	}
	at := bytes.Index(text[from:], ending)
	if at < 0 {
		if len(text) > longestHead {
			return nil, errFraming
		}
		a.line = append(a.line[:0], text...)
		return nil, nil
	}
	at += from
	rest = data[len(data)-(len(text)-at-len(ending)):]
	err = a.understand(text[:at])
	a.line = a.line[:0]
	return rest, err
}

// understand acts on a head or a line of a chunked body.
func (a *answer) understand(text []byte) error {
	switch a.part {
	case head:
		return a.readHead(text)
	case chunkSize:
		size, _, _ := bytes.Cut(text, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 64)
		if err != nil || n < 0 {
			return errFraming
		}
		a.left = n
		a.part = chunk
		if n == 0 {
			a.part = trailer
		}
	case chunkEnd:
		if len(text) > 0 {
			return errFraming
		}
		a.part = chunkSize
	case trailer:
		if len(text) == 0 {
			a.part = whole
		}
	default: // the others are not read as lines
	}
	return nil
}

// readHead reads the status and how long the body is (RFC 9112, section 6.3).
func (a *answer) readHead(text []byte) error {
	first, fields, _ := bytes.Cut(text, []byte("\r\n"))
	if len(first) < len("HTTP/1.1 200") || !bytes.HasPrefix(first, []byte("HTTP/1.")) {
		return errHead
	}
	var err error
	if a.status, err = strconv.Atoi(string(first[9:12])); err != nil {
		return errHead
	}
	a.closes = first[7] == '0'
	a.left, a.part = -1, untilClose
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		if err := a.readField(field); err != nil {
			return err
		}
	}
	switch {
	case a.status < 200:
		a.part = head // the answer itself comes later
	case a.part == chunkSize: // it goes before a length
	case a.left == 0, a.status == 204, a.status == 304:
		a.part = whole
	case a.left > 0:
		a.part = sized
	default:
		a.closes = true
	}
	return nil
}

func (a *answer) readField(field []byte) error {
	name, value, ok := bytes.Cut(field, []byte(":"))
	if !ok {
		return errFraming
	}
	value = bytes.TrimSpace(value)
	switch {
	case is(name, "content-length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			return errFraming
		}
		a.left = n
	case is(name, "transfer-encoding"):
		if !is(value, "chunked") {
			return errFraming
		}
		a.part = chunkSize
	case is(name, "connection"):
		a.closes = is(value, "close") || a.closes && !is(value, "keep-alive")
	}
	return nil
}

// is compares without regard to case; most fields differ in their lengths already.
func is(text []byte, want string) bool {
	return len(text) == len(want) && bytes.EqualFold(text, []byte(want))
}

// verdict is nil if the whole answer is the right one.
func (a *answer) verdict() error {
	switch {
	case a.status != 200:
		return fmt.Errorf("status %d", a.status)
	case a.wrong || a.seen != len(a.want):
		return errBody
	}
	return nil
}
