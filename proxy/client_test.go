package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client is a connection on which a test speaks HTTP itself.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (f *front) dial() *client {
	f.t.Helper()
	conn, err := net.Dial(f.addr.Network(), f.addr.String())
	require.NoError(f.t, err)
	require.NoError(f.t, conn.SetDeadline(time.Now().Add(patience)))
	f.t.Cleanup(func() { _ = conn.Close() }) // most tests have closed it already
	return &client{Conn: conn, t: f.t, r: bufio.NewReader(conn)}
}

// send writes raw bytes.
func (c *client) send(raw string) *client {
	c.t.Helper()
	_, err := io.WriteString(c, raw)
	require.NoError(c.t, err)
	return c
}

// answered is an answer with what was read of its body.
type answered struct {
	*http.Response
	body string
	err  error // how the body ended, if not well
}

// head reads the head of the next answer to a request with that method; the body is left to be read.
func (c *client) head(method string) *http.Response {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	require.NoError(c.t, err)
	return resp
}

// next reads the next answer.
func (c *client) next(method string) answered {
	c.t.Helper()
	resp := c.head(method)
	body, err := io.ReadAll(resp.Body)
	return answered{resp, string(body), err}
}

// ask sends raw and reads the answer, which must be whole.
func (c *client) ask(raw string) answered {
	c.t.Helper()
	c.send(raw)
	got := c.next("GET")
	require.NoError(c.t, got.err)
	return got
}

// closed asserts that the server ends the connection and sends nothing more.
func (c *client) closed() {
	c.t.Helper()
	rest, err := io.ReadAll(c.r)
	assert.NoError(c.t, err, "the end of the connection")
	assert.Empty(c.t, string(rest), "after the answer")
}

// open asserts that the connection serves another request.
func (c *client) open() {
	c.t.Helper()
	assert.Equal(c.t, http.StatusOK, c.ask(get).StatusCode)
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
