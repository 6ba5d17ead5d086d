package workers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"forebay/python"
	"forebay/python/spool"
)

// Worker is one Python process and the slots of its threads. Everything exported is safe for concurrent use.
type Worker struct {
	process
	id         int
	generation int
	started    time.Time
	weight     weight
	gil        gil
	hooks      bool // the operator's, which it is told about
	slots      []*Slot
	lifeline   *os.File            // its end is the end of a process that was forked; nil: it is another's signal
	listening  sync.WaitGroup      // the reader of control
	dumps      *os.File            // stacks that threads have written; nil: there are none
	dumping    sync.Mutex          // one stack at a time on dumps
	asking     sync.Mutex          // for stacks
	stacks     chan []python.Stack // what the worker says to that; one entry
	marks      *marks              // what its threads have begun
	areas      *areas              // for large answers of its threads, or nil
	large      *spool.Budget       // for wide pipes

	state  atomic.Int32
	wear   *wear
	retire chan retirement // why the worker should be replaced; one reason is kept
	ready  python.Ready    // valid after Ready
}

// ID returns the number of the worker's seat, from 1. A successor has the same.
func (w *Worker) ID() int { return w.id }

// Slots returns the slots of its threads.
func (w *Worker) Slots() []*Slot { return w.slots }

// Python returns what the worker said of itself.
func (w *Worker) Python() python.Ready { return w.ready }

// retirement is why a worker should be replaced, and in words for the log.
type retirement struct {
	cause  Cause
	reason string
}

// Retire asks for the worker to be drained and replaced. It does not wait.
func (w *Worker) Retire(cause Cause, reason string) {
	select {
	case w.retire <- retirement{cause, reason}:
	default: // it is being replaced already
	}
}

// wait waits for the process. It runs in a goroutine that start begins and that ends with the process.
func (w *Worker) wait() {
	w.process.wait()
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

// close releases the sockets of a process that has ended.
func (w *Worker) close() {
	w.hangUp()
	w.listening.Wait()
	for _, pipe := range []*os.File{w.dumps, w.lifeline} {
		if pipe != nil {
			_ = pipe.Close() // only read from, or not used at all
		}
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
	case asked && w.succeeded():
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
