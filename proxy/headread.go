package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"forebay/proxy/head"
)

var (
	errHeadTimeout = &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the head did not come in time (head_timeout)"}
	errHeadTooLong = &head.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "the head is larger than head_size"}
	errBareFeed    = &head.Refusal{Status: http.StatusBadRequest, Reason: "a line does not end with CR LF"}
	errNoHTTP      = &head.Refusal{Status: http.StatusBadRequest, Reason: "the first byte is none of a method"}
	errHalfHead    = &head.Refusal{Status: http.StatusBadRequest, Reason: "the connection ended within the head"}
	errHeadLost    = &head.Refusal{Status: statusClientGone, Reason: "the client left within its request"}
)

var (
	endOfHead = []byte("\r\n\r\n")
	endOfLine = endOfHead[:2]
)

// awaitHead waits for a whole head and takes it from the input, in whose memory it lies.
func (c *conn) awaitHead() ([]byte, error) {
	if c.leaving {
		return nil, errDone
	}
	if err := c.greet(); err != nil {
		return nil, err
	}
	for {
		block, err := c.scan()
		if block != nil || err != nil {
			return block, err
		}
		n, err := c.read(c.in.room(), c.headLimit())
		if err != nil {
			return nil, err
		}
		c.in.w += n
	}
}

// scan takes a whole head, if it is there, and looks at no byte twice: who sends one at a time could make much of it.
func (c *conn) scan() ([]byte, error) {
	c.skipEmptyLines()
	waiting := c.in.pending()
	from := max(0, c.seen-len(endOfHead)+1)
	if i := bytes.Index(waiting[from:], endOfHead); i >= 0 {
		size := from + i + len(endOfHead)
		if size > c.rules.cfg.HeadSize {
			return nil, c.checkHalf(waiting[:size])
		}
		c.in.r += size
		c.seen, c.lined = 0, false
		return waiting[:size:size], nil
	}
	if err := c.checkHalf(waiting); err != nil {
		return nil, err
	}
	c.seen = len(waiting)
	return nil, nil
}

// skipEmptyLines: RFC 9112, section 2.2, has a server ignore empty lines before a request line.
func (c *conn) skipEmptyLines() {
	for bytes.HasPrefix(c.in.pending(), endOfLine) {
		c.in.r += 2
		c.seen = 0
	}
}

// checkHalf refuses what cannot become a head any more, so that nobody waits for its end.
func (c *conn) checkHalf(half []byte) error {
	if len(half) > 0 && half[0] != '\r' && !head.IsToken(half[:1]) {
		return errNoHTTP
	}
	for i := c.seen; i < len(half); i++ {
		next := bytes.IndexByte(half[i:], '\n')
		if next < 0 {
			break
		}
		if i += next; i == 0 || half[i-1] != '\r' {
			return errBareFeed
		}
		if !c.lined {
			if err := head.CheckLine(half[:i-1], c.rules.limits); err != nil {
				return err
			}
			c.lined = true
		}
	}
	if !c.lined {
		if err := head.CheckHalfLine(half, c.rules.limits); err != nil {
			return err
		}
	}
	if len(half) > c.rules.cfg.HeadSize {
		return errHeadTooLong
	}
	return nil
}

// headLimit is when the head must be here: from the first byte on, from the beginning for a connection's first head, and
// an idle connection has its own time.
func (c *conn) headLimit() time.Time {
	switch {
	case c.served == 0:
		return c.begun.Add(c.rules.cfg.HeadTimeout)
	case c.in.empty():
		c.first = time.Time{} // what there was were empty lines
		return c.idleSince.Add(c.rules.cfg.KeepAlive)
	case c.first.IsZero():
		c.first = time.Now()
	}
	return c.first.Add(c.rules.cfg.HeadTimeout)
}

// brokenHead says what is answered when the head could not be read, or nil if there is nobody to answer.
func (c *conn) brokenHead(err error) error {
	var refusal *head.Refusal
	nothing := c.in.empty()
	switch {
	case errors.As(err, &refusal):
		return refusal
	case c.relayed: // it has not come as far as HTTP
		return nil
	case errors.Is(err, errDone):
		return nil
	case errors.Is(err, errLate):
		if nothing && c.served > 0 { // it was idle
			return nil
		}
		return errHeadTimeout
	case nothing:
		return nil
	case errors.Is(err, errCut):
		return err
	case errors.Is(err, io.EOF):
		return errHalfHead // it may have closed one direction only, and still read (RFC 9112, section 8)
	}
	return errHeadLost
}
