package generator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// loop is one thread's share of a load: every loops-th request, on connections of its own.
type loop struct {
	Load
	texts  []text
	number int
	loops  int
	to     unix.Sockaddr
	begin  time.Time
	epoll  int
	events []unix.EpollEvent
	buffer []byte

	connections []*connection
	// idle are those connections that may take a request, the one that has rested for longest first.
	idle []*connection
	// next is which of this loop's requests comes next.
	next int
	// starved says that no connection was idle a moment ago: then it is not this program that sends a request late.
	starved bool
	result  Result
}

const (
	readSize   = 256 << 10
	mostEvents = 128
	// wakeEvery is how long the end of a context may go unnoticed.
	wakeEvery = 100 * time.Millisecond
	// afterFailure is how long a closed loop waits where every connection has failed at once.
	afterFailure = time.Millisecond
)

// loop makes one thread's share of the load.
func (l Load) loop(ctx context.Context, texts []text, begin time.Time, number, loops int) (Result, error) {
	address, err := netip.ParseAddrPort(l.Address)
	if err != nil {
		return Result{}, err
	}
	it := &loop{
		Load: l, texts: texts, number: number, loops: loops, begin: begin,
		to:     &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()},
		events: make([]unix.EpollEvent, mostEvents), buffer: make([]byte, readSize), result: newResult(),
	}
	if it.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return Result{}, fmt.Errorf("make an epoll: %w", err)
	}
	defer it.close()
	for i := number; i < l.Connections; i += loops {
		it.connections = append(it.connections, &connection{loop: it, number: len(it.connections), fd: -1})
	}
	it.idle = append(it.idle, it.connections...)
	// By default the kernel may end a wait 50 µs late. This is the thread's own setting, so it is given back.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	if err != nil {
		return Result{}, fmt.Errorf("set the timer slack: %w", err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) }() // it could be set before
	return it.result, it.run(ctx)
}

// close closes what is still open.
func (l *loop) close() {
	for _, c := range l.connections {
		c.close()
	}
	_ = unix.Close(l.epoll) // nothing is to be written
}

func (l *loop) now() time.Duration { return time.Since(l.begin) }

// counts reports whether that is in the time that counts.
func (l *loop) counts(at time.Duration) bool { return at >= l.Warmup && at < l.end() }

// run sends requests and reads answers until the end.
func (l *loop) run(ctx context.Context) error {
	for ctx.Err() == nil {
		now := l.now()
		l.dispatch(now)
		if l.over(now) {
			break
		}
		if err := l.await(l.pause(now)); err != nil {
			return err
		}
	}
	l.result.PerSecond = float64(l.result.Answered) / l.elapsed().Seconds()
	l.giveUp()
	return nil
}

// dispatch sends what is due on connections that are idle; in a closed loop each idle connection has a request due.
func (l *loop) dispatch(now time.Duration) {
	for range len(l.idle) {
		due := now
		if l.Rate > 0 {
			due = l.due(l.next*l.loops + l.number)
		}
		if due > now || due >= l.end() {
			break
		}
		c := l.idle[0]
		l.idle = l.idle[1:]
		if l.Rate > 0 && !l.starved && l.counts(due) {
			l.result.Lag.Add(now - due)
		}
		which := (l.next*l.loops + l.number) % len(l.Requests)
		l.next++
		c.start(which, due)
	}
	l.starved = len(l.idle) == 0
}

// elapsed is the time in which the answers came that count.
func (l *loop) elapsed() time.Duration {
	if l.Rate > 0 {
		return l.Duration
	}
	return max(l.now()-l.Warmup, 1)
}

// over reports whether nothing is left to be done.
func (l *loop) over(now time.Duration) bool {
	if now < l.end() {
		return false
	}
	if now >= l.end()+l.Patience || l.Rate == 0 && l.result.Answered > 0 {
		return true
	}
	return len(l.idle) == len(l.connections) && (l.Rate == 0 || !l.pending())
}

// pending reports whether a request is still to be sent that is due before the end.
func (l *loop) pending() bool { return l.due(l.next*l.loops+l.number) < l.end() }

// pause is how long the next request or the end is off.
func (l *loop) pause(now time.Duration) time.Duration {
	pause := wakeEvery
	switch {
	case l.Rate == 0 && len(l.idle) > 0:
		pause = afterFailure
	case now >= l.end():
		pause = min(pause, l.end()+l.Patience-now)
	case l.Rate == 0:
		pause = min(pause, l.end()-now)
	case len(l.idle) > 0:
		pause = min(pause, min(l.due(l.next*l.loops+l.number), l.end())-now)
	}
	return max(pause, 0)
}

// await waits for events and acts on them. After each of them what is due is sent.
func (l *loop) await(pause time.Duration) error {
	n, err := epollWait(l.epoll, l.events, pause)
	if err != nil {
		return err
	}
	for _, event := range l.events[:n] {
		l.connections[event.Fd].handle(event.Events)
		l.dispatch(l.now())
	}
	return nil
}

// giveUp counts what was due and has not been answered.
func (l *loop) giveUp() {
	if l.Rate == 0 {
		return // what is on its way when a closed loop ends is nothing
	}
	now := l.now()
	unanswered := func(which int, due time.Duration) {
		if !l.counts(due) {
			return
		}
		l.result.Unanswered++
		if !l.Requests[which].Aside {
			l.result.Latency.Add(now - due)
		}
	}
	for _, c := range l.connections {
		if c.busy {
			unanswered(c.which, c.due)
		}
	}
	for ; l.pending(); l.next++ {
		request := l.next*l.loops + l.number
		unanswered(request%len(l.Requests), l.due(request))
	}
}

// epollWait waits with the precision of nanoseconds, which needs Linux 5.11.
func epollWait(epoll int, events []unix.EpollEvent, pause time.Duration) (int, error) {
	timeout := unix.NsecToTimespec(int64(pause))
	n, errno := epollPwait2(epoll, events, &timeout)
	if errors.Is(errno, unix.EINTR) {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("wait for events: %w", errno)
	}
	return n, nil
}
