package proxy

import (
	"bytes"
	"errors"
	"io"
	"os"

	"forebay/python"
)

// stream is a response's body on its way out: a spool that the application fills, a part of a file, or bytes. It never
// gives more than the Content-Length, and ends with an error, which cuts the connection, when there is less.
type stream struct {
	x      *exchange // nil when it is closed
	resp   *python.Response
	source io.Reader
	left   int64 // of the Content-Length; -1: there is none
	failed error
}

var errShort = errors.New("the response ended before its Content-Length")

// open returns what the body is read from.
func (s *stream) open() io.Reader {
	switch {
	case s.resp.Stream != nil:
		return s.resp.Stream
	case s.resp.File != nil:
		part := s.resp.File
		if _, err := part.File.Seek(part.Offset, io.SeekStart); err != nil {
			s.failed = err
		}
		return io.LimitReader(part.File, part.Count)
	}
	return bytes.NewReader(s.resp.Body)
}

// Read returns what is there, at once.
func (s *stream) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if s.left == 0 {
		return 0, io.EOF
	}
	if s.left > 0 && int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.source.Read(p)
	s.advance(int64(n))
	if err == io.EOF && s.left > 0 {
		err = errShort
	}
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

func (s *stream) advance(n int64) {
	if s.left > 0 {
		s.left -= n
	}
	if s.x != nil {
		s.x.sent += n
	}
}

// file returns the file to send by sendfile(2) and how much of it, or nil.
func (s *stream) file() (*os.File, int64) {
	if s.failed != nil || s.resp.File == nil {
		return nil, 0
	}
	return s.resp.File.File, min(s.resp.File.Count, s.left)
}

// Close ends the response, and with it the exchange. The connection's goroutine calls it when all is sent or it has
// failed; the application learns of it through the spool.
func (s *stream) Close() error {
	if s.x != nil {
		if s.failed != nil {
			s.x.p.log.Error("response cut", s.x.attrs(cutAttrs(s.failed)...)...)
		}
		s.x.outgoing = false
	}
	s.resp.Close()
	if x := s.x; x != nil {
		s.x = nil
		x.finish()
	}
	return nil
}
