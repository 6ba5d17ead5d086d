package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"forebay/python"
)

// Worker is one Python process and the slots of its threads. Everything exported is safe for concurrent use.
type Worker struct {
	id        int
	log       *slog.Logger
	slots     []*Slot
	command   *exec.Cmd
	control   *net.UnixConn
	output    sync.WaitGroup // the readers of stdout and stderr
	pipes     []*os.File     // what they read from
	listening sync.WaitGroup // the reader of control
	dumps     *os.File       // stacks that threads have written; nil: there are none
	dumping   sync.Mutex     // one stack at a time on dumps
	marks     *marks         // what its threads have begun

	state  atomic.Int32
	wear   *wear
	killed atomic.Bool   // by us
	retire chan string   // why the worker should be replaced; one reason is kept
	exited chan struct{} // closed when the process has been waited for
	exit   string        // how it ended; valid after exited
	ready  python.Ready  // valid after Ready

	imported func(files []string) // is told of MODULES; nil: they were not asked for

	sending sync.Mutex // one frame at a time on control
}

// ID returns the number of the worker's seat, from 1. A successor has the same.
func (w *Worker) ID() int { return w.id }

// PID returns the process id.
func (w *Worker) PID() int { return w.command.Process.Pid }

// Slots returns the slots of its threads.
func (w *Worker) Slots() []*Slot { return w.slots }

// Python returns what the worker said of itself.
func (w *Worker) Python() python.Ready { return w.ready }

// Retire asks for the worker to be drained and replaced. It does not wait.
func (w *Worker) Retire(reason string) {
	select {
	case w.retire <- reason:
	default: // it is being replaced already
	}
}

// boot tells the process what to load and waits for its answer, until timeout has passed.
func (w *Worker) boot(sources, boot []byte, timeout time.Duration) error {
	if err := w.control.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("boot worker %d: %w", w.id, err)
	}
	if _, err := w.control.Write(slices.Concat(sources, boot)); err != nil {
		return w.bootFailure(err)
	}
	frame, err := w.answer()
	if err != nil {
		return w.bootFailure(err)
	}
	switch frame.Kind {
	case python.KindReady:
		if w.ready, err = python.ParseReady(frame.Payload); err != nil {
			return &LoadError{Traceback: err.Error()}
		}
		return w.control.SetDeadline(time.Time{})
	case python.KindFailed:
		text, err := python.ParseText(frame.Payload)
		if err != nil {
			return fmt.Errorf("boot worker %d: %w", w.id, err)
		}
		return &LoadError{Traceback: text}
	}
	return fmt.Errorf("boot worker %d: it answered with %v", w.id, frame.Kind)
}

// bootFailure tells a process that is slow, or that speaks nonsense, from one that ended.
func (w *Worker) bootFailure(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrBootTimeout
	}
	if errno := syscall.Errno(0); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &errno) {
		return err
	}
	if !w.endsWithin(settling) {
		_ = w.command.Process.Kill() // it has closed its socket: kill would say that it was us who ended it
		<-w.exited
	}
	if w.command.ProcessState.ExitCode() == exitNotLoaded {
		return &LoadError{Traceback: "what is wrong stands in the worker's output"}
	}
	return &DiedError{PID: w.PID(), Exit: w.exit}
}

// exitNotLoaded is the status of a worker that could not load the application. It says why on the control socket, unless
// the application has closed that.
const exitNotLoaded = 3

// send writes a frame to the worker's main thread. A worker that does not read is about to be replaced anyway.
func (w *Worker) send(frame []byte) {
	w.sending.Lock()
	defer w.sending.Unlock()
	_ = w.control.SetWriteDeadline(time.Now().Add(controlTimeout)) // fails only on a closed socket
	if _, err := w.control.Write(frame); err != nil {
		w.log.Debug("control frame not sent", "error", err)
	}
}

// controlTimeout bounds a write to a worker whose main thread does not read.
const controlTimeout = time.Second

// wait waits for the process, for what it has written, and closes what was shared with it. It runs in a goroutine that
// start begins and that ends with the process.
func (w *Worker) wait() {
	_ = w.command.Wait() // the state says it all
	children.forget(w.PID())
	w.exit = exitText(w.command.ProcessState)
	if killedBy(w.command.ProcessState, syscall.SIGKILL) && !w.killed.Load() && kernel().explains() {
		w.exit += ", perhaps out of memory"
	}
	// A child of the worker may hold the pipes open; what the worker itself wrote is there already.
	for _, pipe := range w.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	}
	w.output.Wait()
	w.become(Exited)
	close(w.exited)
}

// drain asks the process, whose slots are all idle, to exit, and kills it after a while.
func (w *Worker) drain() {
	w.send(python.AppendFrame(nil, python.KindDrain, 0, nil))
	if !w.endsWithin(exitTimeout) {
		w.log.Warn("worker did not exit when asked", "after", exitTimeout)
		w.kill()
	}
}

// exitTimeout is how long an idle worker may take to run its atexit functions.
const exitTimeout = 5 * time.Second

// endsWithin waits up to d for the process to end by itself.
func (w *Worker) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.exited:
		return true
	case <-timer.C:
		return false
	}
}

func (w *Worker) kill() {
	w.killed.Store(true)
	_ = w.command.Process.Kill() // it may have ended by itself
}

// close releases the sockets of a process that has ended.
func (w *Worker) close() {
	if w.control != nil {
		_ = w.control.Close() // nobody is at the other end
		w.listening.Wait()
	}
	if w.dumps != nil {
		_ = w.dumps.Close() // only read from
	}
	if w.marks != nil {
		w.marks.close()
	}
	for _, s := range w.slots {
		s.close()
	}
}

// logExit writes the one line about the end of the process, with what its threads were running. Only an end that was
// asked for and came in good order is no warning. That of a process which had not loaded the application yet is not even
// news: nobody has counted on it.
func (w *Worker) logExit(asked bool) {
	level := slog.LevelWarn
	switch {
	case asked && w.ready.PID == 0:
		level = slog.LevelDebug
	case asked && w.command.ProcessState.Success():
		level = slog.LevelInfo
	}
	attrs := []any{"exit", w.exit, "requests", w.requests()}
	for _, s := range w.slots {
		if v, busy := s.Serving(); busy {
			attrs = append(attrs, slog.Group(fmt.Sprintf("thread%d", s.index),
				"method", v.Method, "target", v.Target, "request_id", v.RequestID, "age", v.Age.Round(time.Millisecond)))
		}
	}
	w.log.Log(context.Background(), level, "worker exited", attrs...)
}
