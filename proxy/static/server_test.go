package static

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// faultField is the field in which the test server tells the error that Serve returned.
const faultField = "X-Fault"

// notServed is the status with which the test server answers what Serve has left alone.
const notServed = http.StatusTeapot

// serve runs a real server for the mappings on the loopback and returns its address.
func serve(t *testing.T, mappings ...Mapping) string {
	t.Helper()
	files := New(mappings)
	server := &fasthttp.Server{
		Handler: func(ctx *fasthttp.RequestCtx) {
			path, _, _ := bytes.Cut(ctx.Request.Header.RequestURI(), []byte{'?'})
			served, err := files.Serve(ctx, path)
			if !served {
				ctx.SetStatusCode(notServed)
			}
			if err != nil {
				ctx.Response.Header.Set(faultField, err.Error())
			}
		},
		CloseOnShutdown: true,
		Logger:          log.New(io.Discard, "", 0), // it tells of the connections that the tests have it cut
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }() // ends by Shutdown
	t.Cleanup(func() {
		require.NoError(t, server.Shutdown())
		require.NoError(t, <-ended)
	})
	return listener.Addr().String()
}

// dial sends a request with further field lines and returns the connection it will be answered on.
func dial(t *testing.T, addr, method, target string, lines ...string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // most tests have closed it already
	head := method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, line := range lines {
		head += line + "\r\n"
	}
	_, err = io.WriteString(conn, head+"\r\n")
	require.NoError(t, err)
	return conn
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

// ask sends a request and reads the answer, which must be whole.
func ask(t *testing.T, addr, method, target string, lines ...string) answer {
	t.Helper()
	conn := dial(t, addr, method, target, lines...)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	var body strings.Builder
	_, err = io.Copy(&body, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, conn.Close())
	return answer{resp, body.String()}
}
