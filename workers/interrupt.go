package workers

import (
	"strings"
	"time"

	"forebay/python"
)

// Interruption is what became of an attempt to bring back a thread whose request's deadline has passed.
type Interruption struct {
	// Stack is where the thread was, in Python's words. Empty means that it was not running the request any more, or that
	// nobody could tell.
	Stack string
	// Outcome says in a few words what became of the exception; empty if none was asked for.
	Outcome string
	// Deaf says that the main thread did not answer: no thread of the process but one gets to run.
	Deaf bool
}

const (
	// stackTimeout is how long the worker's main thread may take to say where a thread is. It needs the GIL for it, which
	// other threads hand over within some milliseconds each; one that is in C code may keep it.
	stackTimeout = time.Second
	// dumpTimeout is how long a thread may take to write where it is, for which it needs no GIL, and dumpPause how long a
	// pause within that may be: nothing marks the end.
	dumpTimeout = 500 * time.Millisecond
	dumpPause   = 50 * time.Millisecond
)

// outcomeLate is the outcome where the main thread did not answer: it will do what it was asked to when it can.
const outcomeLate = "raised when the GIL is free"

// Interrupt finds out where the thread is that runs the current request and, if raise is set, has forebay.RequestTimeout
// raised in it. It takes two seconds at most. The thread's frames are to be received as before: it may come back by itself at
// any time.
func (s *Slot) Interrupt(raise bool) Interruption {
	s.mark()
	request := s.current
	s.worker.send(python.InterruptFrame(s.index, request, raise))
	timer := time.NewTimer(stackTimeout)
	defer timer.Stop()
	for {
		select {
		case got := <-s.interrupted:
			if got.Request == request { // else it is the late answer about an earlier one
				return Interruption{Stack: got.Stack, Outcome: got.Outcome}
			}
		case <-s.worker.exited:
			return Interruption{}
		case <-timer.C:
			late := Interruption{Stack: s.worker.dump(s.index), Deaf: true}
			if raise {
				late.Outcome = outcomeLate
			}
			return late
		}
	}
}

// mark notes that the request has passed its deadline, for State.
func (s *Slot) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overdue = true
}

// hearInterrupted takes the main thread's answer. Only one goroutine calls it, so there is room for the answer.
func (s *Slot) hearInterrupted(got python.Interrupted) {
	select {
	case <-s.interrupted: // the late answer about an earlier one, for which nobody has waited
	default:
	}
	s.interrupted <- got
}

// dump has a thread write its stack by the signal that READY named, and returns it. It works also while C code keeps the
// GIL. Empty means that there is no such signal, or that the thread has not followed it.
func (w *Worker) dump(index int) string {
	if w.ready.DumpSignal == 0 || index >= len(w.ready.Threads) || w.dumps == nil {
		return ""
	}
	w.dumping.Lock()
	defer w.dumping.Unlock()
	_ = w.readDump(time.Millisecond, 0) // of an earlier one that came late
	if err := signalThread(w.PID(), w.ready.Threads[index], w.ready.DumpSignal); err != nil {
		w.log.Debug("thread not asked for its stack", "thread", index, "error", err)
		return ""
	}
	return withoutProgram(w.readDump(dumpTimeout, dumpPause))
}

// readDump reads what comes within first, and then until a pause.
func (w *Worker) readDump(first, pause time.Duration) string {
	var text []byte
	buffer := make([]byte, 4<<10)
	wait := first
	for len(text) < longestDump {
		if err := w.dumps.SetReadDeadline(time.Now().Add(wait)); err != nil {
			break
		}
		n, err := w.dumps.Read(buffer)
		text = append(text, buffer[:n]...)
		if err != nil { // that nothing more comes, or that the process has ended
			break
		}
		wait = pause
	}
	return string(text)
}

// withoutProgram cuts off a stack, whose most recent call is its first, what lies between the thread's start and the call
// of the application.
func withoutProgram(stack string) string {
	if i := strings.LastIndex(stack, "  File \"<forebay>/response.py\""); i >= 0 {
		return stack[:i]
	}
	return stack
}

// longestDump bounds a stack, in bytes. Python's own bound is a hundred frames.
const longestDump = 64 << 10
