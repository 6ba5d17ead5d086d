// Package client is an HTTP client that hides nothing from a measurement: no pool, no redirects, and no request is sent a
// second time but where the standard says that every client may, and then it is counted.
package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Request is what is asked.
type Request struct{ Method, Path, Body string }

// Answer is what came.
type Answer struct {
	Status int
	Body   string
}

// largest is how much of an answer's body is read.
const largest = 1 << 20

// Connection is one client's connection, made when it is first needed. It belongs to one goroutine.
type Connection struct {
	Address string
	// Fresh makes a new connection for each request, instead of keeping it.
	Fresh bool
	// Again is how many requests were sent a second time.
	Again int

	conn   net.Conn
	reader *bufio.Reader
	used   bool // a request has been answered on it
}

// errStale says that the server closed an idle connection just as a request was sent on it.
var errStale = errors.New("the connection was closed before the answer")

// Do sends a request and reads its answer, by the deadline. A GET that met a connection which the server had just closed
// is sent again on a new one, once, as every client does; a POST is not, since it may have been run (RFC 9110, section
// 9.2.2, and RFC 9112, section 9.3.1).
func (c *Connection) Do(ctx context.Context, request Request, deadline time.Time) (Answer, error) {
	answer, err := c.exchange(ctx, request, deadline)
	if errors.Is(err, errStale) && request.Method == http.MethodGet {
		c.Again++
		c.Close()
		answer, err = c.exchange(ctx, request, deadline)
	}
	if err != nil || c.Fresh {
		c.Close()
	}
	return answer, err
}

func (c *Connection) exchange(ctx context.Context, request Request, deadline time.Time) (Answer, error) {
	if c.conn == nil {
		if err := c.dial(ctx, deadline); err != nil {
			return Answer{}, err
		}
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return Answer{}, err
	}
	if _, err := io.WriteString(c.conn, c.text(request)); err != nil {
		return Answer{}, c.stale(err)
	}
	if _, err := c.reader.Peek(1); err != nil {
		return Answer{}, c.stale(err)
	}
	return c.answer(request)
}

func (c *Connection) dial(ctx context.Context, deadline time.Time) error {
	conn, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	c.conn, c.reader, c.used = conn, bufio.NewReader(conn), false
	return nil
}

// text is the request as it is sent, in one write.
func (c *Connection) text(request Request) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n", request.Method, request.Path, c.Address)
	if request.Method != http.MethodGet {
		text.WriteString("Content-Length: " + strconv.Itoa(len(request.Body)) + "\r\n")
	}
	if c.Fresh {
		text.WriteString("Connection: close\r\n")
	}
	text.WriteString("\r\n" + request.Body)
	return text.String()
}

// stale tells the end of an idle connection from other errors.
func (c *Connection) stale(err error) error {
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if c.used && closed {
		return errStale
	}
	return err
}

// answer reads an answer, which has begun, to its end.
func (c *Connection) answer(request Request) (Answer, error) {
	response, err := http.ReadResponse(c.reader, &http.Request{Method: request.Method})
	if err != nil {
		return Answer{}, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largest))
	_ = response.Body.Close() // it is read to its end, or the connection is given up
	c.used = true
	if response.Close || err != nil {
		c.Close()
	}
	return Answer{Status: response.StatusCode, Body: string(body)}, err
}

// Close ends the connection, if there is one. The next request makes a new one.
func (c *Connection) Close() {
	if c.conn != nil {
		_ = c.conn.Close() // it is given up
	}
	c.conn = nil
}

// StatusError is an answer with a status that is not the right one.
type StatusError int

func (e StatusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// Reason names a failure for the count of them.
func Reason(err error) string {
	var status StatusError
	var late net.Error
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.As(err, &late) && late.Timeout():
		return "no answer in time"
	case errors.Is(err, errStale):
		return "idle connection closed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	default:
		return err.Error()
	}
}
