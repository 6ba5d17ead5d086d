package proxy

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"forebay/dispatch"
	"forebay/proxy/quiet"
	"forebay/proxy/reactor"
)

// conn is a client's connection. While it has something to do a goroutine runs serve; while its request waits for a thread
// the dispatcher has it, and while its client is silent the loop of quiet connections: then there is no goroutine for it, and
// for a silent client no buffer.
type conn struct {
	net.Conn
	sock  *reactor.Socket // the same, where a reactor serves it; or nil
	p     *Proxy
	rules *rules // in force when the present request began
	raw   syscall.RawConn

	entry quiet.Entry
	until time.Time // when the client is late with what is being waited for
	armed time.Time // the read deadline that is set
	woken bool      // the client has been silent, and sends little since
	taken bool      // what it has sent since it was silent has been read

	restless bool // the reactor has not let it rest: its own goroutine waits

	tcp        bool
	remote     netip.AddrPort // invalid for a unix socket's peer
	unix       bool
	remoteAddr []byte // REMOTE_ADDR; empty for a unix socket's peer
	remotePort []byte
	household  netip.Addr // what of remote counts as one address
	localAddr  []byte     // SERVER_NAME
	localPort  []byte

	in        input
	seen      int       // of a head that is not whole: bytes that need not be looked at again
	lined     bool      // and its request line has been checked
	x         *exchange // the request that is being received or answered; nil between requests
	begun     time.Time // the beginning of the connection
	first     time.Time // when the second byte or a later one of a head was waited for; zero: not yet
	idleSince time.Time // the end of the last answer
	served    int       // requests begun
	due       time.Time // the write deadline that is set
	written   int64     // to the client, as far as the kernel has taken it
	sending   sending

	relayed   bool // the header of the PROXY protocol has not come yet
	forgotten bool // it does not count as open any more
	leaving   bool // no further request is served
	final     bool // and this one only if it has come already
	lingering bool // what the client still sends is read for a moment before the end
	// unannounced: the client learns from the answer that it is the last one, and may have sent another request.
	unannounced bool
	unwelcome   error // why the connection is one too many, or nil
}

// newConn wraps an accepted connection. The addresses are written out once, not for each request.
func newConn(p *Proxy, c net.Conn) (*conn, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, errors.New("a connection without a descriptor")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &conn{Conn: c, p: p, rules: p.rules.Load(), raw: raw, begun: time.Now()}
	w.entry.Guest = w
	if err := raw.Control(func(fd uintptr) { w.entry.FD = int(fd) }); err != nil {
		return nil, err
	}
	w.setAddresses(addrPort(c.RemoteAddr()), addrPort(c.LocalAddr()))
	return w, nil
}

// addrPort is an address of TCP, or invalid.
func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}

// setAddresses is told the connection's ends; invalid ones are those of a unix socket.
func (c *conn) setAddresses(remote, local netip.AddrPort) {
	if c.tcp = remote.IsValid(); c.tcp {
		c.setRemote(unmap(remote))
	}
	c.unix = !c.tcp
	if local.IsValid() {
		c.setLocal(unmap(local))
	}
	c.relayed = c.rules.relays.Trusted(c.remote.Addr(), c.unix)
}

func (c *conn) setRemote(remote netip.AddrPort) {
	c.remote = remote
	c.remoteAddr = remote.Addr().WithZone("").AppendTo(nil)
	c.remotePort = appendPort(nil, remote.Port())
}

func (c *conn) setLocal(local netip.AddrPort) {
	c.localAddr = local.Addr().WithZone("").AppendTo(nil)
	c.localPort = appendPort(nil, local.Port())
}

// unmap folds an IPv4 address in IPv6 form, as a dual-stack listener sees it, to IPv4.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func appendPort(b []byte, port uint16) []byte { return strconv.AppendUint(b, uint64(port), 10) }

// serve answers the connection's requests one after the other, until it ends or there is something to wait for: then the
// reactor has it, or the loop of quiet connections, or the dispatcher, and serve is called anew when the client sends again,
// or when there is an answer.
func (c *conn) serve() {
	for served := 0; ; served++ {
		if served == manyAtOnce {
			c.sock.Leave()
		}
		err := c.turn()
		switch {
		case err == nil:
		case errors.Is(err, errIdle):
			if c.sock.Rest(c.idleSince, c.rules.stay) {
				return
			}
			c.restless = true
		case errors.Is(err, errQuiet):
			if c.rest() {
				return
			}
		case errors.Is(err, dispatch.ErrQueued):
			return
		default:
			c.end()
			return
		}
	}
}

// manyAtOnce is how many requests of a client are answered in a row while others may wait.
const manyAtOnce = 16

// turn brings the connection one request further. It returns errIdle or errQuiet if the client is silent, dispatch.ErrQueued
// if the connection is not the caller's any more until Answered, and another error if it is over.
func (c *conn) turn() (err error) {
	defer func() {
		if p := recover(); p != nil { // a panic in one request must not end the server
			c.sock.Leave()
			c.p.log.Error("request handler panicked", "panic", p, "stack", string(debug.Stack()))
			err = c.crash()
		}
	}()
	if c.x == nil {
		block, err := c.awaitHead()
		if err != nil {
			return c.unread(err)
		}
		c.x = c.p.begin(c, block)
	}
	err = c.x.run()
	if errors.Is(err, errQuiet) || errors.Is(err, dispatch.ErrQueued) {
		return err // after the second nothing here may be touched any more
	}
	if err != nil {
		err = c.x.refuse(err)
	}
	c.x.finish()
	if err != nil {
		return err
	}
	return c.next()
}

// errDone says that the connection has served its last request.
var errDone = errors.New("no further request")

// next prepares for another request, if there may be one.
func (c *conn) next() error {
	if c.leaving {
		return errDone
	}
	c.first, c.woken = time.Time{}, false
	c.idleSince = time.Now()
	return nil
}

// unread answers a head that did not come, or could not be read.
func (c *conn) unread(err error) error {
	if errors.Is(err, errQuiet) || errors.Is(err, errIdle) {
		return err
	}
	refusal := c.brokenHead(err)
	if refusal == nil {
		return err // nobody has asked for anything
	}
	c.x = c.p.begin(c, nil)
	_ = c.x.refuse(refusal) // the connection ends in any case
	return errDone
}

// crash answers, if it is not too late, a request on which our own code has failed.
func (c *conn) crash() error {
	if c.x != nil {
		c.leaving = true
		_ = c.x.refuse(errPanic) // as above
	}
	return errDone
}

var (
	errPanic = errors.New("a fault in the server")
	// errIdle says that nothing is there of the client's next request, and errQuiet that the client has sent nothing for a
	// moment. What was waited for may still come.
	errIdle  = errors.New("the client is idle")
	errQuiet = errors.New("the client is silent")
	// errLate says that what was waited for did not come in time.
	errLate = errors.New("the client is late")
)

// usualStay is how long a goroutine waits for a silent client before the loop of quiet connections takes over. It is long
// enough for a client that answers at once from far away, and short enough that thousands of slow ones cost little.
const usualStay = 100 * time.Millisecond

// rest hands the connection to the loop of quiet ones, and reports whether it did. After true the connection is not the
// caller's any more.
func (c *conn) rest() bool {
	if c.x != nil {
		c.x.shrink()
	}
	c.in.shrink()
	idle := c.x == nil && c.in.empty()
	if c.p.quiet.Watch(&c.entry, c.until, idle) {
		return true
	}
	c.woken = false // nobody else waits for the client
	c.final = idle && c.p.draining.Load()
	return false
}

// Wake goes on with a connection that has been quiet. It is called by the loop.
func (c *conn) Wake(why quiet.Reason) {
	c.woken, c.taken = true, false
	c.final = why == quiet.Draining
	if c.sock != nil {
		c.sock.Stir()
	}
	if why == quiet.Readable && c.sip() {
		return
	}
	go c.serve() // ends when there is something to wait for again, or with the connection
}

// read reads what the client sends into p. It returns errLate when limit has passed, and errQuiet when nothing has come
// for a while, but may.
func (c *conn) read(p []byte, limit time.Time) (int, error) {
	if c.p.cutting.Load() {
		return 0, errCut
	}
	c.until = limit
	if c.mayIdle() {
		return c.readIdle(p)
	}
	now := time.Now()
	if !now.Before(limit) {
		return 0, errLate
	}
	if c.woken && c.taken {
		return 0, errQuiet
	}
	if c.final {
		return c.look(p)
	}
	c.arm(now, limit)
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.woken = c.woken && n < trickle
		c.taken, c.restless = true, false
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.armed = time.Time{}
		if time.Now().Before(limit) {
			return 0, errQuiet
		}
		return 0, errLate
	}
	return 0, err
}

// mayIdle reports whether the connection is between two requests, so that the reactor can wait for the next one. Its end, or
// its beginning, is nearly now.
func (c *conn) mayIdle() bool {
	return c.sock != nil && c.x == nil && c.in.empty() && !c.woken && !c.final && !c.restless &&
		c.idleSince.Add(c.rules.stay).Before(c.until)
}

// readIdle reads the beginning of a request, if it is there.
func (c *conn) readIdle(p []byte) (int, error) {
	n, err := 0, error(syscall.EAGAIN)
	if !c.sock.Quiet() {
		n, err = c.sock.ReadNow(p)
	}
	if errors.Is(err, syscall.EAGAIN) {
		c.in.free()
		return 0, errIdle
	}
	return n, err
}

// look reads what has come of the last request. If nothing has, there is none.
func (c *conn) look(p []byte) (int, error) {
	n := c.readNow(p)
	if n == 0 {
		return 0, errDone
	}
	c.final = false
	return n, nil
}

// trickle is how little a client sends at a time to be one that is not worth waiting for: the loop waits for it.
const trickle = 512

// arm sets the read deadline, unless the one that is set will do: setting it costs as much as a small read.
func (c *conn) arm(now, limit time.Time) {
	stay := c.rules.stay
	if c.armed.After(now.Add(stay/2)) && !c.armed.After(limit) {
		return
	}
	c.armed = now.Add(stay)
	if limit.Before(c.armed) {
		c.armed = limit
	}
	_ = c.Conn.SetReadDeadline(c.armed) // fails only on a closed connection, as the read will
}

// Gone reports whether the client has closed its side, by looking at the socket without taking anything from it, unless the
// reactor knows better. A client that has sent FIN may still read; that is why only requests that have not begun are dropped
// for it.
func (c *conn) Gone() bool {
	if c.sock != nil {
		if hung, known := c.sock.Hung(); known && !hung {
			return false
		}
	}
	n, err := c.peek()
	return (n == 0 && err == nil) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

// peek looks for a byte without taking it. It does not block.
func (c *conn) peek() (n int, err error) {
	controlErr := c.raw.Control(func(fd uintptr) { n, err = peek(fd) })
	if controlErr != nil {
		return 0, controlErr
	}
	return n, err
}

// reset makes the end of the connection one that no client takes for the regular end of a message.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(interface{ SetLinger(seconds int) error }); ok && c.tcp {
		_ = tcp.SetLinger(0) // fails only on a closed connection
	}
}

// end closes the connection. If the client still sends what nobody will answer, after a refusal or an answer that it did
// not know to be the last one, it is read for a moment: a reset would take the answer away (RFC 9112, section 9.6).
func (c *conn) end() {
	if c.x != nil {
		c.x.finish()
	}
	linger := c.lingering || (c.unannounced && (!c.in.empty() || c.hasMore()))
	c.in.free()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && linger && !c.p.cutting.Load() {
		if half.CloseWrite() == nil {
			c.discard(time.Now().Add(lingerTime))
		}
	}
	if err := c.Conn.Close(); err != nil {
		c.p.log.Debug("connection not closed", slog.Any("error", err))
	}
	c.p.forget(c)
}

// hasMore reports whether the client has sent something that was not read.
func (c *conn) hasMore() bool {
	n, err := c.peek()
	return n > 0 && err == nil
}

// discard reads what the client sends until it ends or the time is up. It has a buffer only while there is something:
// thousands of clients may be waited for.
func (c *conn) discard(until time.Time) {
	_ = c.Conn.SetReadDeadline(until) // fails only on a closed connection
	for {
		n := 0
		err := c.raw.Read(func(fd uintptr) bool {
			b := pieces.Get().(*[pieceSize]byte)
			defer pieces.Put(b)
			var err error
			n, err = syscall.Read(int(fd), b[:])
			return !errors.Is(err, syscall.EAGAIN)
		})
		if n <= 0 || err != nil {
			return
		}
	}
}

// lingerTime is how long a refused request is read before its connection is closed. Many a client reads nothing before
// it has sent everything, so it is time that bounds this and not a number of bytes.
const lingerTime = 5 * time.Second
