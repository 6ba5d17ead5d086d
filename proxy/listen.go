package proxy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"forebay/config"
	"forebay/proxy/reactor"
	"forebay/proxy/shortage"
)

// Listen opens the sockets of all addresses, or none. It returns their addresses, with the ports that were chosen where
// port 0 was asked for.
func (p *Proxy) Listen(ctx context.Context) ([]net.Addr, error) {
	opened, err := p.openMissing(ctx, p.rules.Load().cfg)
	if err != nil {
		return nil, err
	}
	p.dropInherited()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = opened
	return addresses(opened), nil
}

// openMissing opens the sockets of the addresses in cfg that are not open yet, all or none.
func (p *Proxy) openMissing(ctx context.Context, cfg config.Proxy) ([]*listener, error) {
	p.mu.Lock()
	kept, _ := splitBy(p.listeners, cfg)
	p.mu.Unlock()
	var opened []*listener
	for _, bind := range missing(cfg.Bind, kept) {
		ln, err := p.takeInherited(bind)
		if ln == nil && err == nil {
			ln, err = listen(ctx, bind, cfg.Backlog)
		}
		if err != nil {
			closeAll(opened)
			return nil, err
		}
		opened = append(opened, &listener{Listener: ln, bind: bind, log: p.log, room: &p.room})
	}
	return opened, nil
}

func addresses(listeners []*listener) []net.Addr {
	var addrs []net.Addr
	for _, ln := range listeners {
		addrs = append(addrs, ln.Addr())
	}
	return addrs
}

// Addrs returns the addresses that are listened on now.
func (p *Proxy) Addrs() []net.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	return addresses(p.listeners)
}

// missing are the addresses that no listener has. An address that is given twice, as port 0 may be, has two.
func missing(binds []string, kept []*listener) []string {
	rest := slices.Clone(binds)
	for _, l := range kept {
		if i := slices.Index(rest, l.bind); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return rest
}

// splitBy tells the listeners of cfg's addresses from others.
func splitBy(all []*listener, cfg config.Proxy) (kept, gone []*listener) {
	rest := slices.Clone(cfg.Bind)
	for _, l := range all {
		if i := slices.Index(rest, l.bind); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			kept = append(kept, l)
		} else {
			gone = append(gone, l)
		}
	}
	return kept, gone
}

func closeAll(listeners []*listener) {
	for _, l := range listeners {
		_ = l.Close() // what it has accepted goes on
	}
}

// open begins to accept.
func (p *Proxy) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = true
	p.acceptFrom(p.listeners)
}

// Close closes the sockets that Listen has opened, for a start that fails before Run. Run closes them itself.
func (p *Proxy) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	closeAll(p.listeners)
	p.listeners, p.running = nil, false
}

// listen opens the socket of one address.
func listen(ctx context.Context, address string, backlog int) (net.Listener, error) {
	return listenWith(ctx, listenConfig(), address, backlog)
}

func listenWith(ctx context.Context, with *net.ListenConfig, address string, backlog int) (net.Listener, error) {
	bind, err := config.ParseBind(address)
	if err != nil {
		return nil, err
	}
	switch bind.Network {
	case "fd":
		return inherited(bind.Address)
	case "unix":
		if err := removeStale(bind.Address); err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
	}
	ln, err := with.Listen(ctx, networkOf(bind), bind.Address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, rootCause(err))
	}
	if err := setBacklog(ln, backlog); err != nil {
		_ = ln.Close() // the error that counts is the other
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return ln, nil
}

// networkOf is the network of an address in net's words. net takes 0.0.0.0 for all addresses of the machine, those of IPv6
// too, and who writes it means those of IPv4; all of them are the empty host.
func networkOf(bind config.Bind) string {
	host, _, _ := net.SplitHostPort(bind.Address)
	if addr, err := netip.ParseAddr(host); bind.Network == "tcp" && err == nil && addr.Is4() {
		return "tcp4"
	}
	return bind.Network
}

// rootCause leaves out what net wraps around the reason: our message names the address already.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// inherited takes over a listening socket that our parent opened (systemd, or a wrapper).
func inherited(number string) (net.Listener, error) {
	fd, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("listen on fd://%s: %w", number, err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	if file == nil {
		return nil, fmt.Errorf("listen on fd://%s: no such descriptor", number)
	}
	defer func() { _ = file.Close() }() // FileListener duplicates it
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("listen on fd://%s: %w", number, err)
	}
	if err := setOptions(ln); err != nil {
		_ = ln.Close() // the error that counts is the other
		return nil, fmt.Errorf("listen on fd://%s: %w", number, err)
	}
	return ln, nil
}

// removeStale removes the socket that a server which was killed left behind. One that answers is in use, and another
// kind of file is not ours.
func removeStale(path string) error {
	if path[0] == '@' {
		return nil // abstract sockets leave nothing
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is a file that is not a socket")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close() // it was only to see
		return syscall.EADDRINUSE
	}
	return os.Remove(path)
}

// setBacklog replaces the backlog that the standard library has chosen: a second listen(2) may change it.
func setBacklog(ln net.Listener, backlog int) error {
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var listenErr error
	if err := raw.Control(func(fd uintptr) { listenErr = syscall.Listen(int(fd), backlog) }); err != nil {
		return err
	}
	return os.NewSyscallError("listen", listenErr)
}

// listener accepts connections, and goes on where there is only a shortage.
type listener struct {
	net.Listener
	bind string // as the configuration has it
	log  *slog.Logger
	room *shortage.Room // what clients may have of the descriptors; nil: there is no bound
	told atomic.Int64   // when the log last said that they have it
	door *reactor.Door  // where the reactor accepts; or nil
}

// Close ends the accepting, and closes the socket.
func (l *listener) Close() error {
	if l.door != nil {
		l.door.Close()
	}
	return l.Listener.Close()
}

// refused says that connections are not accepted for the moment. Clients who are many may be so for long.
func (l *listener) refused(err error, again time.Duration) {
	if !errors.Is(err, shortage.ErrFull) {
		l.log.Error("connection not accepted", "error", err, "again_in", again)
		return
	}
	now, last := time.Now().UnixNano(), l.told.Load()
	if now-last >= int64(fullLogPause) && l.told.CompareAndSwap(last, now) {
		l.log.Warn("connections wait", "reason", err)
	}
}

// fullLogPause is the least time between two lines in the log that say that clients have all descriptors that are theirs.
const fullLogPause = 10 * time.Second

// Accept waits for a connection. It returns an error only when the listener is closed.
func (l *listener) Accept() (net.Conn, error) {
	var pauses shortage.Pauses
	for {
		l.awaitRoom()
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			return c, nil
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case errors.Is(err, syscall.ECONNABORTED):
			// The client was gone before we came to it.
		default: // EMFILE, ENFILE, ENOBUFS, ENOMEM: it passes, and the backlog waits
			wait := pauses.Next()
			l.refused(rootCause(err), wait)
			time.Sleep(wait)
		}
	}
}

// awaitRoom waits until there is a descriptor for a client, or the listener is closed.
func (l *listener) awaitRoom() {
	for l.room != nil && !l.hasRoom() {
		l.refused(shortage.ErrFull, shortage.FullPause)
		time.Sleep(shortage.FullPause)
	}
}

// hasRoom also says so of a listener that is closed, which shows at Accept.
func (l *listener) hasRoom() (has bool) {
	sc, ok := l.Listener.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil || raw.Control(func(fd uintptr) { has = l.room.Left(int(fd)) }) != nil {
		return true
	}
	return has
}

// URL returns how to reach a listener with a browser or with curl.
func URL(addr net.Addr) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return "http://" + addr.String()
}
