package proxy

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// Socket is a listening socket on its way from one process to another, with its address as the configuration has it.
type Socket struct {
	Bind string
	File *os.File
}

// Inherit has Listen take over sockets that another process has opened, instead of opening those addresses itself. It is
// called once, before Listen, and owns the files.
func (p *Proxy) Inherit(sockets []Socket) { p.inherited = sockets }

// takeInherited returns the listener of an address that was inherited, or nil.
func (p *Proxy) takeInherited(bind string) (net.Listener, error) {
	for i, s := range p.inherited {
		if s.Bind != bind || s.File == nil {
			continue
		}
		p.inherited[i].File = nil
		return takeOver(s)
	}
	return nil, nil
}

// takeOver makes a listener of a socket, and owns its file. That of a unix socket in the file system stays the predecessor's
// until Keep: if we fail it goes on serving.
func takeOver(s Socket) (net.Listener, error) {
	defer func() { _ = s.File.Close() }() // FileListener duplicates it
	ln, err := net.FileListener(s.File)
	if err != nil {
		return nil, fmt.Errorf("take over %s: %w", s.Bind, err)
	}
	if err := setOptions(ln); err != nil {
		_ = ln.Close() // the error that counts is the other
		return nil, fmt.Errorf("take over %s: %w", s.Bind, err)
	}
	return ln, nil
}

// Keep says that the sockets that were inherited are ours from now on: what they are in the file system is removed when
// they are closed.
func (p *Proxy) Keep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.listeners {
		l.keep()
	}
}

func (l *listener) keep() {
	if unix, ok := l.Listener.(*net.UnixListener); ok && !isForeign(l.bind) {
		unix.SetUnlinkOnClose(true)
	}
}

// isForeign reports whether a socket was opened by somebody else at first, who will remove it.
func isForeign(bind string) bool { return strings.HasPrefix(bind, "fd://") }

// dropInherited closes what no address has asked for.
func (p *Proxy) dropInherited() {
	for _, s := range p.inherited {
		if s.File != nil {
			_ = s.File.Close() // nobody listens on it here
		}
	}
	p.inherited = nil
}

// Bequest calls f with the sockets that the proxy listens on, as descriptors that are valid until f returns.
func (p *Proxy) Bequest(f func(binds []string, descriptors []uintptr) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bequeath(p.listeners, nil, nil, f)
}

// bequeath gathers the descriptors, each of which is held as long as the function runs that it is passed to.
func bequeath(rest []*listener, binds []string, descriptors []uintptr, f func([]string, []uintptr) error) error {
	if len(rest) == 0 {
		return f(binds, descriptors)
	}
	raw, err := rest[0].Listener.(syscall.Conn).SyscallConn()
	if err != nil {
		return fmt.Errorf("hand over %s: %w", rest[0].bind, err)
	}
	var done error
	err = raw.Control(func(fd uintptr) {
		done = bequeath(rest[1:], append(binds, rest[0].bind), append(descriptors, fd), f)
	})
	if err != nil {
		return fmt.Errorf("hand over %s: %w", rest[0].bind, err)
	}
	return done
}

// Succeeded says that another process serves the same sockets: they stay where they are when this one stops, and idle
// clients are given the time to ask once more, as one may be doing just now.
func (p *Proxy) Succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.patient.Store(true)
	for _, l := range p.listeners {
		l.leaveFile()
	}
}

// leaveFile has the file of a unix socket stay when the listener is closed.
func (l *listener) leaveFile() {
	if unix, ok := l.Listener.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false)
	}
}
