//go:build !linux

package reactor

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"forebay/proxy/shortage"
)

// Reactor serves nothing here: there is no epoll.
type Reactor struct {
	Room *shortage.Room
	end  chan struct{}
}

// New makes a reactor.
func New() (*Reactor, error) { return &Reactor{end: make(chan struct{})}, nil }

// Listen returns errors.ErrUnsupported.
func (r *Reactor) Listen(net.Listener, func(*Socket), func(error, time.Duration)) (*Door, error) {
	return nil, errors.ErrUnsupported
}

// Run returns after Close.
func (r *Reactor) Run() { <-r.end }

// Resting is 0.
func (r *Reactor) Resting() int { return 0 }

// Alive returns at once.
func (r *Reactor) Alive() {}

// Drain does nothing.
func (r *Reactor) Drain() {}

// Close ends Run.
func (r *Reactor) Close() error { close(r.end); return nil }

// Door is never made.
type Door struct{}

// Close does nothing.
func (d *Door) Close() {}

// Socket is never made.
type Socket struct {
	net.Conn
	Guest Guest
}

// Leave does nothing.
func (s *Socket) Leave() {}

// Lead does nothing.
func (s *Socket) Lead(Lead) {}

// Hung knows nothing.
func (s *Socket) Hung() (hung, known bool) { return false, false }

// Quiet reports false: the next read may find something.
func (s *Socket) Quiet() bool { return false }

// Stir does nothing.
func (s *Socket) Stir() {}

// Rest reports false: nothing rests.
func (s *Socket) Rest(time.Time, time.Duration) bool { return false }

// ReadNow reads nothing.
func (s *Socket) ReadNow([]byte) (int, error) { return 0, syscall.EAGAIN }

// WriteBuffers writes nothing.
func (s *Socket) WriteBuffers(*net.Buffers) (int64, error) { return 0, errors.ErrUnsupported }

// WriteNow writes nothing.
func (s *Socket) WriteNow(*net.Buffers, bool) (int64, error) { return 0, errors.ErrUnsupported }

// WriteMore writes nothing.
func (s *Socket) WriteMore([]byte) (int, error) { return 0, errors.ErrUnsupported }

// AwaitRoom does not wait.
func (s *Socket) AwaitRoom() error { return errors.ErrUnsupported }

// Remote is invalid.
func (s *Socket) Remote() netip.AddrPort { return netip.AddrPort{} }

// Local is invalid.
func (s *Socket) Local() netip.AddrPort { return netip.AddrPort{} }

// FD is none.
func (s *Socket) FD() int { return -1 }

// Raw is nil.
func (s *Socket) Raw() syscall.RawConn { return nil }
