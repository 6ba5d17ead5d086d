package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"

	"forebay/config"
)

// privateMode is that of a unix socket's file which only its owner may connect to.
const privateMode = 0o600

// privateBacklog is how many connections the kernel holds for a private listener.
const privateBacklog = 128

// Private is the socket of a listener that is no part of a proxy, for operators. The file of a unix socket is for its owner
// alone. It goes on accepting where there is only a shortage.
type Private struct{ *listener }

// ListenPrivate opens a private listener. The caller closes it.
func ListenPrivate(ctx context.Context, address string, log *slog.Logger) (*Private, error) {
	ln, err := listenWith(ctx, &net.ListenConfig{Control: makePrivate}, address, privateBacklog)
	if err != nil {
		return nil, err
	}
	if path, isFile := fileOf(address); isFile { // where the kernel does not take it from the socket, as on macOS
		if err := os.Chmod(path, privateMode); err != nil {
			_ = ln.Close() // the error that counts is the other
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
	}
	return &Private{&listener{Listener: ln, bind: address, log: log}}, nil
}

// InheritPrivate takes over a private listener that another process has opened. It owns the file. The caller closes the
// listener.
func InheritPrivate(socket Socket, log *slog.Logger) (*Private, error) {
	ln, err := takeOver(socket)
	if err != nil {
		return nil, err
	}
	return &Private{&listener{Listener: ln, bind: socket.Bind, log: log}}, nil
}

// makePrivate gives the socket the mode that Linux makes its file with: there is no moment in which others may connect.
func makePrivate(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "unix") {
		return nil
	}
	return raw.Control(func(fd uintptr) {
		_ = syscall.Fchmod(int(fd), privateMode) // other systems refuse it
	})
}

func fileOf(address string) (path string, isFile bool) {
	bind, err := config.ParseBind(address)
	return bind.Address, err == nil && bind.Network == "unix" && bind.Address[0] != '@'
}

// Bequest calls f with the descriptor of the socket, which is valid until f returns.
func (p *Private) Bequest(f func(bind string, descriptor uintptr) error) error {
	return bequeath([]*listener{p.listener}, nil, nil, func(binds []string, descriptors []uintptr) error {
		return f(binds[0], descriptors[0])
	})
}

// Succeeded says that another process serves the same socket: its file stays when this one is closed.
func (p *Private) Succeeded() { p.leaveFile() }

// Keep says that the socket that was inherited is ours from now on; see Proxy.Keep.
func (p *Private) Keep() { p.keep() }
