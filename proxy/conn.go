package proxy

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is a client's connection: what fasthttp reads from and writes to, with what every request on it needs to know.
type conn struct {
	net.Conn
	raw syscall.RawConn

	remote     netip.AddrPort // invalid for a unix socket's peer
	unix       bool
	remoteAddr []byte // REMOTE_ADDR; empty for a unix socket's peer
	remotePort []byte
	localAddr  []byte // SERVER_NAME
	localPort  []byte

	ended       bool // a read has met the end of what the client sends, or an error; the connection's goroutine's own
	sendTimeout time.Duration
	renewed     atomic.Int64 // when the write deadline was last set, in nanoseconds since the epoch
	lingering   atomic.Bool  // what the client still sends is read for a moment before the end
}

// newConn wraps an accepted connection. The addresses are written out once, not for each request.
func newConn(c net.Conn, sendTimeout time.Duration) (*conn, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, errors.New("a connection without a descriptor")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &conn{Conn: c, raw: raw, sendTimeout: sendTimeout}
	switch remote := c.RemoteAddr().(type) {
	case *net.TCPAddr:
		w.remote = unmap(remote.AddrPort())
		w.remoteAddr = w.remote.Addr().WithZone("").AppendTo(nil)
		w.remotePort = strconv.AppendUint(nil, uint64(w.remote.Port()), 10)
	default:
		w.unix = true
	}
	if local, ok := c.LocalAddr().(*net.TCPAddr); ok {
		addr := unmap(local.AddrPort())
		w.localAddr = addr.Addr().WithZone("").AppendTo(nil)
		w.localPort = strconv.AppendUint(nil, uint64(addr.Port()), 10)
	}
	return w, nil
}

// unmap folds an IPv4 address in IPv6 form, as a dual-stack listener sees it, to IPv4.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// Read notes the end of what the client sends. fasthttp reads only when it needs more, so a message that was being read
// then is not whole.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended = true
	}
	return n, err
}

// Write sends p within the send timeout of a client that does not read.
func (c *conn) Write(p []byte) (int, error) {
	c.renew()
	return c.Conn.Write(p)
}

// ReadFrom sends what r gives: a regular file by sendfile(2), in pieces that each have the send timeout. Of anything else
// each Read's bytes are sent at once.
func (c *conn) ReadFrom(r io.Reader) (total int64, err error) {
	to, ok := c.Conn.(io.ReaderFrom)
	limited, isLimited := r.(*io.LimitedReader)
	if isLimited && ok {
		if s, isStream := limited.R.(*stream); isStream {
			return c.sendStream(to, s, limited)
		}
	}
	if !ok || !isLimited || !isRegular(limited.R) {
		return io.Copy(onlyWriter{c}, onlyReader{r})
	}
	return c.sendFile(to, limited)
}

// sendStream sends a response's body; where that is a file, by sendfile(2).
func (c *conn) sendStream(to io.ReaderFrom, s *stream, limited *io.LimitedReader) (int64, error) {
	file, size := s.file()
	if file == nil {
		return io.Copy(onlyWriter{c}, onlyReader{limited})
	}
	n, err := c.sendFile(to, &io.LimitedReader{R: file, N: min(size, limited.N)})
	s.advance(n)
	limited.N -= n
	if err == nil && s.left > 0 {
		s.failed, err = errShort, errShort
	}
	return n, err
}

func (c *conn) sendFile(to io.ReaderFrom, limited *io.LimitedReader) (total int64, err error) {
	for limited.N > 0 {
		c.renew()
		piece := &io.LimitedReader{R: limited.R, N: min(limited.N, sendPiece)}
		n, err := to.ReadFrom(piece)
		total += n
		limited.N -= n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// isRegular reports whether r is a file that sendfile(2) can send.
func isRegular(r any) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().Type() == fs.FileMode(0)
}

// sendPiece is how much of a file one deadline is for: 60 s for 1 MiB is 17 KiB/s at least.
const sendPiece = 1 << 20

type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// renew moves the write deadline on, at most once a second: moving it for each write would cost more than the write.
func (c *conn) renew() {
	if c.sendTimeout <= 0 {
		return
	}
	now := time.Now()
	if now.UnixNano()-c.renewed.Load() < int64(time.Second) {
		return
	}
	c.renewed.Store(now.UnixNano())
	_ = c.Conn.SetWriteDeadline(now.Add(c.sendTimeout)) // fails only on a closed connection, as the write will
}

// Gone reports whether the client has closed its side, by looking at the socket without taking anything from it. A
// client that has sent FIN may still read; that is why only requests that have not begun are dropped for it.
func (c *conn) Gone() bool {
	gone := false
	err := c.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = (n == 0 && err == nil) || errors.Is(err, syscall.ECONNRESET)
	})
	return gone || err != nil
}

// reset makes the end of the connection one that no client takes for the regular end of a message.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a closed connection
	}
}

// Close ends the connection. If there is an answer that the client has not asked for yet, since it still sends a request
// that was refused, what it sends is read for a moment: a reset would take the answer away (RFC 9112, section 9.6).
func (c *conn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.lingering.Load() {
		if half.CloseWrite() == nil {
			_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTime)) // fails only on a closed connection
			_, _ = io.Copy(io.Discard, c.Conn)                     // whatever it is, nobody wants it
		}
	}
	return c.Conn.Close()
}

// lingerTime is how long a refused request is read before its connection is closed. Many a client reads nothing before
// it has sent everything, so it is time that bounds this and not a number of bytes.
const lingerTime = 5 * time.Second
