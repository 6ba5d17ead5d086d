package crowd

import (
	"errors"
	"io"
	"net/netip"
	"regexp"
	"syscall"
)

// phase is how far a client has come.
type phase uint8

const (
	away       phase = iota // it has no connection
	connecting              // it has asked for one
	arriving                // it has one, and has not yet sent or got what its kind begins with
	settled                 // it has, and holds the connection
)

// client is one client. Every call is short and waits for nothing.
type client struct {
	fd    int
	phase phase
	rest  string // what of the opening is not sent yet
	from  netip.Addr
}

// refusedError is an answer that the kind did not ask for; its text is the status.
type refusedError struct{ status string }

func (e refusedError) Error() string { return e.status }

// visit lets the client do what it does once a second. An error is the end of its connection.
func (c *client) visit(kind *Kind, buffer []byte) error {
	if c.phase == connecting {
		if ok, err := connected(c.fd); !ok || err != nil {
			return err
		}
		c.phase = arriving
	}
	if err := c.open(); err != nil {
		return err
	}
	if err := c.read(kind, buffer); err != nil {
		return err
	}
	if c.phase == arriving && c.rest == "" && kind.wants == nothing {
		c.phase = settled
	}
	if c.phase == settled && kind.trickle {
		return c.trickle()
	}
	return nil
}

// open sends what is left of the opening.
func (c *client) open() error {
	if c.rest == "" {
		return nil
	}
	n, err := syscall.Write(c.fd, []byte(c.rest))
	if err != nil && !later(err) {
		return err
	}
	c.rest = c.rest[max(n, 0):]
	return nil
}

// read takes what has come, and no more than a sip of it.
func (c *client) read(kind *Kind, buffer []byte) error {
	n, err := syscall.Read(c.fd, buffer[:kind.sip])
	switch {
	case err != nil && later(err):
		return nil
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	status := statusOf(buffer[:n])
	if c.phase == arriving && kind.wants != nothing && status == "200" {
		c.phase = settled
		return nil
	}
	if c.phase == arriving || kind.wants == nothing || status != "" {
		return refusedError{status}
	}
	return nil // more of the body
}

var statusLine = regexp.MustCompile(`^HTTP/1\.[01] ([0-9]{3})`)

// statusOf is the status of an answer that begins with this, or nothing where none begins.
func statusOf(text []byte) string {
	if found := statusLine.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// trickle sends one byte of a body. What does not fit is left for the next time.
func (c *client) trickle() error {
	if _, err := syscall.Write(c.fd, []byte{'x'}); err != nil && !later(err) {
		return err
	}
	return nil
}

// leave ends the connection, if there is one.
func (c *client) leave() {
	if c.phase != away {
		abort(c.fd)
	}
	c.phase = away
}

// reason names the end of a connection for the count of them.
func reason(err error) string {
	var refused refusedError
	switch {
	case errors.As(err, &refused) && refused.status != "":
		return refused.status
	case errors.As(err, &refused):
		return "no HTTP"
	case errors.Is(err, io.EOF):
		return "closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	default:
		return err.Error()
	}
}
