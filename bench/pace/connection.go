package pace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// connection is one client's connection, made when it is first needed.
type connection struct {
	load   Load
	conn   net.Conn
	reader *bufio.Reader
	used   bool // a request has been answered on it
	again  int  // how many requests were sent a second time
}

// errStale says that the server closed an idle connection just as a request was sent on it.
var errStale = errors.New("the connection was closed before the answer")

// get asks for the page and reads the answer, by the deadline. A request that met a connection which the server had just
// closed is sent again on a new one, once, as every client does (RFC 9112, section 9.3.1).
func (c *connection) get(ctx context.Context, deadline time.Time) error {
	err := c.exchange(ctx, deadline)
	if errors.Is(err, errStale) {
		c.again++
		c.close()
		err = c.exchange(ctx, deadline)
	}
	if err != nil || c.load.Fresh {
		c.close()
	}
	return err
}

func (c *connection) exchange(ctx context.Context, deadline time.Time) error {
	if c.conn == nil {
		if err := c.dial(ctx, deadline); err != nil {
			return err
		}
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := io.WriteString(c.conn, c.request()); err != nil {
		return c.stale(err)
	}
	if _, err := c.reader.Peek(1); err != nil {
		return c.stale(err)
	}
	return c.answer()
}

func (c *connection) dial(ctx context.Context, deadline time.Time) error {
	conn, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, "tcp", c.load.Address)
	if err != nil {
		return err
	}
	c.conn, c.reader, c.used = conn, bufio.NewReader(conn), false
	return nil
}

func (c *connection) request() string {
	end := "\r\n"
	if c.load.Fresh {
		end = "Connection: close\r\n\r\n"
	}
	return "GET " + c.load.Path + " HTTP/1.1\r\nHost: " + c.load.Address + "\r\n" + end
}

// stale tells the end of an idle connection from other errors.
func (c *connection) stale(err error) error {
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if c.used && closed {
		return errStale
	}
	return err
}

// answer reads an answer, which has begun, to its end.
func (c *connection) answer() error {
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(len(c.load.Body))+1))
	_ = response.Body.Close() // it is read to its end, or the connection is given up
	c.used = true
	switch {
	case response.StatusCode != http.StatusOK:
		err = statusError(response.StatusCode)
	case err == nil && string(body) != c.load.Body:
		err = errors.New("another body")
	}
	if response.Close || err != nil {
		c.close()
	}
	return err
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close() // it is given up
	}
	c.conn = nil
}

// statusError is an answer with a status other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// reason names a failure for the count of them.
func reason(err error) string {
	var status statusError
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, errStale), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	default:
		return err.Error()
	}
}
