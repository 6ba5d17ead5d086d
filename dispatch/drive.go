package dispatch

import (
	"errors"
	"fmt"
	"time"

	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// see brings a thread from the rest of its request to idle. It reports false if the thread is lost.
func (d *Dispatcher) see(t *thread, r rest) bool {
	state := r.state
	if state == streaming {
		state = d.pump(t, r.stream)
	}
	if state == closing {
		state = d.await(t, t.deadline(time.Now()))
	}
	if state == stuck {
		state = d.overdue(t)
	}
	switch state {
	case lost:
		d.drop(t)
		return false
	case stuck:
		d.abandon(t, workers.ErrWorkerDied, false) // it could not be asked whether it will come to them
		d.lose(t)
		return false
	default: // it is back
	}
	if r.state != idle {
		t.free = time.Now()
		t.slot.Finish(t.free)
	}
	return true
}

// pump fills a response's spool with the chunks of a thread, until the answer ends or the deadline between two chunks
// passes. When the client has left, which wakes the slot, the thread is told so and what it still sends is dropped.
func (d *Dispatcher) pump(t *thread, out *spool.Spool) restState {
	defer t.slot.Unwake() // out has ended: nobody wakes it any more
	cancelled := false
	for {
		frame, err := d.receive(t, t.deadline(time.Now()))
		switch {
		case errors.Is(err, workers.ErrWoken):
			t.slot.Unwake()
			t.slot.Cancel()
			cancelled = true
			continue
		case errors.Is(err, workers.ErrDeadline):
			out.End(ErrTimeout)
			return stuck
		case err != nil:
			out.End(err)
			return lost
		}
		switch frame.Kind {
		case python.KindChunk:
			if cancelled {
				continue
			}
			if cancelled = d.pass(t, out, frame.Payload, t.slot.Unread() >= worthLending) != nil; cancelled {
				t.slot.Cancel()
			}
		case python.KindShared:
			piece, err := t.slot.Shared(frame)
			if err != nil {
				out.End(err)
				return lost
			}
			if !cancelled {
				if cancelled = d.pass(t, out, piece, true) != nil; cancelled {
					t.slot.Cancel()
				}
			}
			t.slot.Taken()
		case python.KindEnd:
			out.End(nil)
			return afterAnswer(frame)
		case python.KindAbort:
			out.End(abortError(frame))
			return afterAnswer(frame)
		default:
			out.End(fmt.Errorf("%w: %v within a response", workers.ErrWorkerDied, frame.Kind))
			return lost
		}
	}
}

// pass brings a piece to the client. A large one is lent, with what comes behind it, for the client to take from the thread
// itself; as far as it does not it goes into the spool, as small ones do, and the rest comes by the next Receive.
func (d *Dispatcher) pass(t *thread, out *spool.Spool, piece []byte, large bool) error {
	if large && workers.CanLend {
		n, err := out.Lend(piece, t.slot)
		if err != nil {
			return err
		}
		piece = piece[n:]
	}
	return d.fill(t, out, piece)
}

// worthLending is how much of a chunk has to be in the pipe, or still to come, for it to be lent.
const worthLending = 16 << 10

// fill writes a chunk. Where it has to wait for the client those behind the request do not wait with it.
func (d *Dispatcher) fill(t *thread, out *spool.Spool, chunk []byte) error {
	n, err := out.WriteNow(chunk)
	if err != nil || n == len(chunk) {
		return err
	}
	if !t.begun && len(t.behind) > 0 {
		_ = d.recall(t, stall) // the thread has begun this one
	}
	_, err = out.Write(chunk[n:])
	return err
}

func afterAnswer(frame python.Frame) restState {
	if frame.Free() {
		return idle
	}
	return closing
}

func abortError(frame python.Frame) error {
	text, err := python.ParseText(frame.Payload)
	if err != nil {
		return err
	}
	return &ApplicationError{Traceback: text}
}

// await drops what a thread still sends until it is back or the deadline has passed.
func (d *Dispatcher) await(t *thread, deadline time.Time) restState {
	for {
		frame, err := d.receive(t, deadline)
		switch {
		case errors.Is(err, workers.ErrDeadline):
			return stuck
		case errors.Is(err, errTakenBack):
			return idle
		case err != nil:
			return lost
		}
		switch frame.Kind {
		case python.KindHead:
			d.dropFile(t, frame)
		case python.KindWant:
			if err := t.slot.RefuseFile(); err != nil {
				return lost
			}
		case python.KindShared:
			t.slot.Taken()
		case python.KindIdle:
			return idle
		case python.KindResponse, python.KindEnd, python.KindAbort, python.KindError:
			if frame.Free() {
				return idle
			}
		}
	}
}

// dropFile closes the file of a response that came too late for anybody to want it.
func (d *Dispatcher) dropFile(t *thread, frame python.Frame) {
	if frame.Flags&python.FlagFile == 0 {
		return
	}
	if file, err := t.slot.ReceiveFile(); err == nil {
		closeFile(file)
	}
}

// drop gives up a thread whose stream is broken, and its process, if that should still run.
func (d *Dispatcher) drop(t *thread) {
	d.distrust(t)
	d.lose(t)
}

// distrust has a process replaced of which a thread has a broken stream. No other thread of it is lent: it may be dead
// already, and each would cost a request one of its tries.
func (d *Dispatcher) distrust(t *thread) {
	t.slot.Worker().Retire(workers.Broken, "the stream of a thread is broken")
	d.mu.Lock()
	defer d.mu.Unlock()
	t.lane.broken, t.lane.idle = true, nil
}

// unlessBegun adds errNotBegun to the death of a worker if the application was never called for req: whatever it is, it can
// be run by another worker, and was not what the worker has died of.
func (d *Dispatcher) unlessBegun(t *thread, req *python.Request, err error) error {
	d.distrust(t) // now, as it may take a moment to see that the process has ended
	if n, known := t.slot.Begun(); !known || n > 0 || req.Trace.Missed >= maxMissed {
		return err
	}
	req.Trace.Tries--
	req.Trace.Missed++
	return fmt.Errorf("%w: %w", errNotBegun, err)
}
