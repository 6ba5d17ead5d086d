// Package reply is what forebay answers by itself: a head, and a body that lies in memory or in a file.
//
// A Reply says all that a connection needs to send it, and nothing about how: whoever makes one knows no sockets, and
// whoever sends one knows no files, names or conditions.
package reply

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Reply is an answer: status, fields and body. The connection adds the status line, Date, Server, Connection and
// Content-Length.
//
// Whoever is given a Reply calls Done once, when it was sent or dropped, and changes nothing of it: the same one may be
// on its way to several clients.
type Reply struct {
	// Status is the status code.
	Status int
	// Fields are complete field lines, each ended by CRLF, without Content-Length, Date, Server and Connection.
	Fields []byte
	// Body is the body when File is nil.
	Body []byte
	// File is what Parts are parts of. They are read at their offsets: the file's own position counts for nothing, since
	// several replies may have one file.
	File *os.File
	// Resident says that File lies in memory, so that no disk has to be waited for.
	Resident bool
	// Parts make up the body when File is set, in order.
	Parts []Part
	// Suffix follows the last part.
	Suffix []byte
	// Length is that of the whole body, as Content-Length says it. An answer to HEAD has the length of the body that GET
	// would get. A file that holds less than was promised cuts the connection.
	Length int64
	// Intact reports whether the file is still what the reply says of it. It is asked after a client had to be waited for,
	// before more is sent: if the file was written to meanwhile the connection is cut, as what the client has and what it
	// would get do not go together. It does not block. nil means that it cannot be known.
	Intact func() bool
	// Release is called once by Done. It may be nil.
	Release func()
	// Err says why the status is what it is. It is for the log and never for the client; nil says that nobody is
	// interested.
	Err error
}

// Part is a piece of the file with what stands before it.
type Part struct {
	// Prefix is the boundary and the fields of a part of multipart/byteranges. It is empty for a body of one part.
	Prefix []byte
	// Offset and Count, in bytes, are the piece of the file.
	Offset, Count int64
}

// ErrChanged says that the file was written to while it was sent. It is an end like ErrShort.
var ErrChanged = errors.New("the file was written to while it was sent")

// ErrShort says that a file holds less than was promised. What was sent cannot be taken back: the connection is cut.
var ErrShort = errors.New("the file is shorter than it was")

// Done says that the reply was sent or dropped.
func (r *Reply) Done() {
	if r.Release != nil {
		r.Release()
	}
}

// Bare reports whether the reply is an error without a page of its own: who sends it writes one, and keeps Fields.
func (r *Reply) Bare() bool {
	return r.Status >= http.StatusBadRequest && r.Length == 0 && r.File == nil
}

// WriteTo writes the body, for connections that sendfile(2) cannot write to. It blocks as long as w does. After an error
// w has got a part of the body, and ErrShort is such an error.
func (r *Reply) WriteTo(w io.Writer) (int64, error) {
	if r.File == nil {
		return writeSome(w, r.Body)
	}
	var total int64
	for _, part := range r.Parts {
		n, err := r.writePart(w, part)
		total += n
		if err != nil {
			return total, err
		}
	}
	n, err := writeSome(w, r.Suffix)
	return total + n, err
}

func (r *Reply) writePart(w io.Writer, part Part) (int64, error) {
	total, err := writeSome(w, part.Prefix)
	if err != nil {
		return total, err
	}
	sent, err := io.Copy(w, io.NewSectionReader(r.File, part.Offset, part.Count))
	total += sent
	if err == nil && sent < part.Count {
		err = fmt.Errorf("%w: %d bytes of %d at %d", ErrShort, sent, part.Count, part.Offset)
	}
	return total, err
}

// writeSome does not write nothing: to a socket that is a system call too.
func writeSome(w io.Writer, b []byte) (int64, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := w.Write(b)
	return int64(n), err
}
