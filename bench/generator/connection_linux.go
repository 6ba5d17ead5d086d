package generator

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// connection is one client's connection, which is made when it is first needed. It belongs to its loop.
type connection struct {
	*loop
	number int
	fd     int // -1 is none
	served int // requests on it that were answered
	answer answer

	// busy is whether there is a request: which of them, since when it is due, and what of it is still to be sent.
	busy  bool
	which int
	due   time.Duration
	rest  []byte
	// again is whether it has been sent a second time.
	again bool
}

// edges are what we want to know, once each time it changes.
const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// start sends a request. The connection is idle.
func (c *connection) start(which int, due time.Duration) {
	c.busy, c.which, c.due, c.again = true, which, due, false
	c.send()
}

// send sends the request from its beginning, and connects before if need be.
func (c *connection) send() {
	c.answer.begin(c.Requests[c.which].Want)
	c.rest = c.texts[c.which].stays
	if c.last(c.served + 1) {
		c.rest = c.texts[c.which].closes
	}
	if c.fd < 0 {
		if err := c.connect(); err != nil {
			c.fail(err)
		}
		return // the socket says when it is ready
	}
	c.write()
}

func (c *connection) connect() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.fd = fd
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := unix.Connect(fd, c.to); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return err
	}
	return unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: edges, Fd: int32(c.number)})
}

// handle acts on what has happened to the socket.
func (c *connection) handle(events uint32) {
	if c.fd >= 0 && events&unix.EPOLLOUT != 0 && len(c.rest) > 0 {
		c.write()
	}
	if c.fd >= 0 && events&^unix.EPOLLOUT != 0 {
		c.read(events)
	}
}

// write sends what it can of the rest of the request.
func (c *connection) write() {
	for len(c.rest) > 0 {
		n, err := unix.Write(c.fd, c.rest)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return // it is full, or not connected yet
		case errors.Is(err, unix.EINTR):
		case err != nil:
			c.broke(err)
			return
		default:
			c.rest = c.rest[n:]
		}
	}
}

// read reads what has come. Where the server has closed the connection it reads up to there, as nothing tells it again.
func (c *connection) read(events uint32) {
	ended := events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
	for c.fd >= 0 {
		n, err := unix.Read(c.fd, c.buffer)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			c.broke(err)
			return
		case n == 0:
			c.ended()
			return
		}
		c.got(c.buffer[:n])
		if n < len(c.buffer) && !ended {
			return
		}
	}
}

// got takes a piece of the answer.
func (c *connection) got(data []byte) {
	if !c.busy {
		c.close() // nothing was asked
		return
	}
	done, err := c.answer.feed(data)
	switch {
	case err != nil:
		c.fail(err)
	case done:
		c.finish()
	}
}

// ended is told when the server has closed the connection.
func (c *connection) ended() {
	switch {
	case !c.busy:
		c.close()
	case c.answer.end():
		c.finish()
	default:
		c.broke(io.EOF)
	}
}

// broke is told when the connection has broken. A GET that met a connection which the server had just closed is sent again,
// once, as every client does (RFC 9112, section 9.3.1).
func (c *connection) broke(err error) {
	if !c.busy {
		c.close()
		return
	}
	idempotent := c.Requests[c.which].Method == "GET"
	if c.served > 0 && !c.answer.begun() && idempotent && !c.again {
		c.again = true
		if c.counted() {
			c.result.Again++
		}
		c.close()
		c.send()
		return
	}
	c.fail(err)
}

// finish counts an answer that is whole.
func (c *connection) finish() {
	c.served++
	if err := c.answer.verdict(); err != nil {
		c.fail(err)
		return
	}
	c.result.All++
	if c.counted() {
		c.result.Answered++
		if !c.Requests[c.which].Aside {
			c.result.Latency.Add(c.now() - c.due)
		}
	}
	if c.answer.closes || c.last(c.served) {
		c.close()
	}
	c.rested()
}

// last reports whether that request is the connection's last.
func (c *connection) last(request int) bool { return c.PerConnection > 0 && request >= c.PerConnection }

// counted reports whether what becomes of the request counts: in an open loop if it was due in the time that counts, and in
// a closed loop if it is answered in it.
func (c *connection) counted() bool {
	if c.Rate > 0 {
		return c.counts(c.due)
	}
	return c.now() >= c.Warmup
}

// fail counts a request that has failed.
func (c *connection) fail(err error) {
	if c.counted() {
		c.result.fail(err)
	}
	c.close()
	c.rested()
}

func (c *connection) rested() {
	c.busy, c.rest = false, nil
	c.idle = append(c.idle, c)
}

// close ends the connection, if there is one. The next request makes a new one.
func (c *connection) close() {
	if c.fd >= 0 {
		_ = unix.Close(c.fd) // it is given up
	}
	c.fd, c.served = -1, 0
}
