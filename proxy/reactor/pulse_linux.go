package reactor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// pulse is how it is felt whether a loop is led: an event that its leader answers. The loop's mutex guards it.
type pulse struct {
	fd   int
	felt chan struct{} // closed by the leader; nil: nobody waits for it
}

// begin has the loop's epoll instance tell of the pulse.
func (p *pulse) begin(epoll int) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("make an eventfd: %w", err)
	}
	p.fd = fd
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}); err != nil {
		_ = unix.Close(fd) // the error that counts is the other
		return fmt.Errorf("watch an eventfd: %w", err)
	}
	return nil
}

// ask returns what is closed when the leader has answered.
func (p *pulse) ask() <-chan struct{} {
	if p.felt == nil {
		p.felt = make(chan struct{})
		_, _ = unix.Write(p.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only after 2^64 of them
	}
	return p.felt
}

func (p *pulse) answer() {
	if p.felt != nil {
		close(p.felt)
		p.felt = nil
	}
}

// end is called when nobody leads any more.
func (p *pulse) end() {
	p.answer()
	_ = unix.Close(p.fd) // nothing was written that could be lost
}
