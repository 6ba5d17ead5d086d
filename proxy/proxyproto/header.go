// Package proxyproto reads the header of the PROXY protocol, with which a proxy that forwards bytes begins a connection to
// say who its client is (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, versions 1 and 2).
//
// Whoever may send one is believed, so only connections from addresses that the operator names are read with it; and
// those must begin with one. What the client says in HTTP is not what such a proxy says: Source takes the socket's
// peer's place wherever a peer is trusted.
//
// The parsing is that of github.com/pires/go-proxyproto. This package decides when a header is whole, so that a connection
// need not wait in a reader, and adds what the library leaves out: the checksum, and the connections without addresses.
package proxyproto

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"

	proxyproto "github.com/pires/go-proxyproto"
)

// MaxSize is the most bytes that a header has: a text line has 107 at most, and a binary header as much as this. Its
// length could say 64 KiB, but what is sent beside addresses, at its largest a client's certificate, needs far less.
const MaxSize = v2Fixed + 4<<10

var (
	// ErrMore says that a header has begun, and that more bytes must come to see what it says.
	ErrMore = errors.New("the PROXY header is not complete")
	// ErrMissing says that the bytes are not the beginning of a header.
	ErrMissing = errors.New("no PROXY header where one must be")
)

// Header is what a proxy says about its client.
type Header struct {
	// Local says that there is nothing in it: the connection is the proxy's own, as health checks are, or it is of a kind
	// that the proxy has no word for. The addresses are those of the socket.
	Local bool
	// Unix says that the client came to the proxy over a unix socket, and has no address.
	Unix bool
	// Source is the client, Destination what it connected to. Both are invalid with Local or Unix; IPv4 is never in the
	// form of IPv6.
	Source, Destination netip.AddrPort
}

// Parse reads the header at the beginning of b and returns its length n: what follows it is the client's. The error is
// ErrMore, never for MaxSize bytes or more, if b may be the beginning of one, and else final: the connection is of no
// use then, and the specification demands that it is dropped. b is not kept.
func Parse(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, ErrMore
	}
	if b[0] == v2Signature[0] {
		n, err = completeV2(b)
	} else {
		n, err = completeV1(b)
	}
	if err != nil {
		return Header{}, 0, err
	}
	if h, err = read(b[:n]); err != nil {
		return Header{}, 0, fmt.Errorf("PROXY header: %w", err)
	}
	return h, n, nil
}

// read reads a header that is whole.
func read(b []byte) (Header, error) {
	if isLocal(b) {
		return Header{Local: true}, nil
	}
	if err := checkRecords(b); err != nil {
		return Header{}, err
	}
	if isUnspecified(b) {
		return Header{Local: true}, nil
	}
	// The library wants all of a text line in one read, and gets it.
	parsed, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(b), len(b)))
	if err != nil {
		return Header{}, err
	}
	return addresses(parsed), nil
}

// addresses takes the addresses of a header. Datagrams do not come on a connection: such a header says of it no more than
// that the proxy cannot name its client, and that is what the specification has us read it as.
func addresses(parsed *proxyproto.Header) Header {
	if source, destination, ok := parsed.TCPAddrs(); ok {
		return Header{Source: unmap(source.AddrPort()), Destination: unmap(destination.AddrPort())}
	}
	unix := parsed.TransportProtocol == proxyproto.UnixStream
	return Header{Unix: unix, Local: !unix}
}

// unmap folds an IPv4 address in IPv6 form to IPv4: lists of networks are written with the one that people know.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
