package workers

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"forebay/python"
)

// process is a Python process and what every one has: a control socket, and pipes for what it writes to stdout and stderr.
type process struct {
	log     *slog.Logger
	handle  *os.Process
	control *net.UnixConn
	output  sync.WaitGroup // the readers of stdout and stderr
	pipes   []*os.File     // what they read from

	killed atomic.Bool      // by us
	exited chan struct{}    // closed when the process has been waited for
	ended  *os.ProcessState // valid after exited; nil if nobody can tell
	exit   string           // how it ended, in words; valid after exited

	imported func(files []string) // is told of MODULES; nil: they were not asked for

	sending sync.Mutex // one frame at a time on control
}

// ends are those ends of a process's sockets and pipes that are its own.
type ends struct {
	files   []*os.File // from controlFD on, in this order
	streams []*os.File // stdout and stderr
}

func (e *ends) close() {
	closeAll(e.files)
	closeAll(e.streams)
}

// PID returns the process id.
func (p *process) PID() int { return p.handle.Pid }

// connect makes the control socket and the pipes of the standard streams, and adds the process's ends to theirs. After an
// error the caller closes what was made.
func (p *process) connect(theirs *ends) error {
	control, end, err := socketpair("control")
	if err != nil {
		return err
	}
	p.control = control
	theirs.files = append(theirs.files, end)
	for range 2 {
		r, end, err := os.Pipe()
		if err != nil {
			return err
		}
		p.pipes = append(p.pipes, r)
		theirs.streams = append(theirs.streams, end)
	}
	return nil
}

// follow logs what the process writes, until its end. It does not block.
func (p *process) follow() {
	for i, stream := range []string{"stdout", "stderr"} {
		p.output.Go(func() {
			logLines(p.pipes[i], p.log, stream)
			_ = p.pipes[i].Close() // only read from
		})
	}
}

// wait waits for the process and for what it has written. Whoever calls it closes exited then.
func (p *process) wait() {
	var err error
	p.ended, err = p.handle.Wait()
	children.forget(p.PID())
	if err != nil {
		p.exit = "unknown: " + err.Error()
	} else {
		p.exit = exitText(p.ended)
		if killedBy(p.ended, syscall.SIGKILL) && !p.killed.Load() && kernel().explains() {
			p.exit += ", perhaps out of memory"
		}
	}
	// A child of the process may hold the pipes open; what the process itself wrote is there already.
	for _, pipe := range p.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	}
	p.output.Wait()
}

// succeeded reports whether a process that has ended says that all went well.
func (p *process) succeeded() bool { return p.ended != nil && p.ended.Success() }

// boot tells the process what to load, unless it knows, and waits for its READY until timeout has passed.
func (p *process) boot(told []byte, timeout time.Duration) (python.Ready, error) {
	if err := p.control.SetDeadline(time.Now().Add(timeout)); err != nil {
		return python.Ready{}, fmt.Errorf("boot process %d: %w", p.PID(), err)
	}
	if len(told) > 0 {
		if _, err := p.control.Write(told); err != nil {
			return python.Ready{}, p.bootFailure(err)
		}
	}
	frame, err := p.answer()
	if err != nil {
		return python.Ready{}, p.bootFailure(err)
	}
	switch frame.Kind {
	case python.KindReady:
		ready, err := python.ParseReady(frame.Payload)
		if err != nil {
			return ready, &LoadError{Traceback: err.Error()}
		}
		return ready, p.control.SetDeadline(time.Time{})
	case python.KindFailed:
		text, err := python.ParseText(frame.Payload)
		if err != nil {
			return python.Ready{}, fmt.Errorf("boot process %d: %w", p.PID(), err)
		}
		return python.Ready{}, &LoadError{Traceback: text}
	}
	return python.Ready{}, fmt.Errorf("boot process %d: it answered with %v", p.PID(), frame.Kind)
}

// bootFailure tells a process that is slow, or that speaks nonsense, from one that ended.
func (p *process) bootFailure(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrBootTimeout
	}
	if !isEnd(err) {
		return err
	}
	if died := p.death(); p.ended == nil || p.ended.ExitCode() != exitNotLoaded {
		return died
	}
	return &LoadError{Traceback: "what is wrong stands in the worker's output"}
}

// exitNotLoaded is the status of a process that could not load the application. It says why on the control socket, unless
// the application has closed that.
const exitNotLoaded = 3

// isEnd reports whether a control stream has ended, or broken, as it does with the process at its other end.
func isEnd(err error) bool {
	errno := syscall.Errno(0)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &errno)
}

// death waits for a process whose control stream has ended.
func (p *process) death() *DiedError {
	if !p.endsWithin(settling) {
		_ = p.handle.Kill() // it has closed its socket: kill would say that it was us who ended it
		<-p.exited
	}
	return &DiedError{PID: p.PID(), Exit: p.exit}
}

// send writes a frame to the main thread. A process that does not read is about to be replaced anyway.
func (p *process) send(frame []byte) {
	p.sending.Lock()
	defer p.sending.Unlock()
	_ = p.control.SetWriteDeadline(time.Now().Add(controlTimeout)) // fails only on a closed socket
	if _, err := p.control.Write(frame); err != nil {
		p.log.Debug("control frame not sent", "error", err)
	}
}

// controlTimeout bounds a write to a process whose main thread does not read.
const controlTimeout = time.Second

// endsWithin waits up to d for the process to end by itself.
func (p *process) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// hangUp closes the control socket, if there is one. It may be called again.
func (p *process) hangUp() {
	if p.control != nil {
		_ = p.control.Close() // what was sent last does not matter
	}
}

func (p *process) kill() {
	p.killed.Store(true)
	_ = p.handle.Kill() // it may have ended by itself
}
