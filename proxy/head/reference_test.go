package head

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// reading is what net/http made of a head: the request that its handler got, or the status with which it refused it.
type reading struct {
	refused string // a status line, or "" if the request was served

	method, target, protocol, host, path, query string

	header  http.Header // without those that net/http takes out
	length  int64       // -1: chunked
	chunked bool
	close   bool // the connection ends with this request
}

// reference is net/http's server, all of it: what its parser lets pass is refused in other places. Connections come to it
// from memory.
type reference struct {
	conns  chan net.Conn
	server *http.Server
	open   sync.WaitGroup
}

type connKey struct{}

func startReference(t testing.TB) *reference {
	t.Helper()
	ref := &reference{conns: make(chan net.Conn)}
	ref.server = &http.Server{
		Handler:                      http.HandlerFunc(ref.serve),
		DisableGeneralOptionsHandler: true, // a handler sees "OPTIONS *" as any other
		ErrorLog:                     log.New(io.Discard, "", 0),
		ReadHeaderTimeout:            time.Minute, // nothing is waited for: what is read has an end
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	ended := make(chan struct{})
	go func() { // ends when conns is closed
		defer close(ended)
		_ = ref.server.Serve(ref)
	}()
	t.Cleanup(func() {
		close(ref.conns)
		<-ended
		_ = ref.server.Close()
		ref.open.Wait()
	})
	return ref
}

// read gives block to net/http, on a connection of its own.
func (ref *reference) read(block []byte) reading {
	c := &scripted{in: bytes.NewReader(block), result: make(chan reading, 1)}
	ref.open.Add(1)
	c.closed = ref.open.Done
	ref.conns <- c
	return <-c.result
}

func (ref *reference) serve(_ http.ResponseWriter, r *http.Request) {
	r.Context().Value(connKey{}).(*scripted).say(reading{
		method: r.Method, target: r.RequestURI, protocol: r.Proto, host: r.Host, path: r.URL.Path, query: r.URL.RawQuery,
		header: r.Header.Clone(), length: r.ContentLength, chunked: len(r.TransferEncoding) > 0,
		close: r.Close,
	})
}

// Accept makes ref a listener.
func (ref *reference) Accept() (net.Conn, error) {
	if c, ok := <-ref.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (ref *reference) Close() error   { return nil }
func (ref *reference) Addr() net.Addr { return &net.TCPAddr{} }

// scripted is a client's connection that has a head to read and then ends.
type scripted struct {
	in     *bytes.Reader
	result chan reading // what was said first
	once   sync.Once
	closed func()
}

func (c *scripted) say(r reading) {
	select {
	case c.result <- r:
	default: // of a second request in the same bytes
	}
}

func (c *scripted) Read(b []byte) (int, error) { return c.in.Read(b) }

func (c *scripted) Write(b []byte) (int, error) {
	line, _, _ := strings.Cut(string(b), "\r\n")
	c.say(reading{refused: line})
	return len(b), nil
}

func (c *scripted) Close() error {
	c.say(reading{refused: "no answer"})
	c.once.Do(c.closed)
	return nil
}

func (c *scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *scripted) SetDeadline(time.Time) error      { return nil }
func (c *scripted) SetReadDeadline(time.Time) error  { return nil }
func (c *scripted) SetWriteDeadline(time.Time) error { return nil }
