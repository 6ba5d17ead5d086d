package dispatch

import (
	"errors"
	"fmt"
	"os"
	"time"

	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// rest is what a thread still does after its request's result is known.
type rest struct {
	state  restState
	stream *spool.Spool // of streaming
}

type restState uint8

const (
	idle      restState = iota // it takes the next request
	streaming                  // its response goes on, into a spool
	closing                    // its response is over; it runs close() of the iterable
	stuck                      // its deadline has passed
	lost                       // its process has died, or speaks nonsense
)

// exchange gives a request to an idle thread and waits for the head of the answer. The caller settles the rest.
//
// The request begins at since, which is before the write: that wakes the worker, whose answer may be here before the
// write returns.
func (d *Dispatcher) exchange(t *thread, req *python.Request, since time.Time) (*python.Response, rest, error) {
	if err := d.send(t, req, since); err != nil {
		return nil, rest{state: lost}, err
	}
	return d.run(t, req, since)
}

func (d *Dispatcher) send(t *thread, req *python.Request, since time.Time) error {
	t.limit = d.cfg().timeout(req.Path)
	if err := t.slot.Send(req, t.deadline(since)); err != nil {
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	return nil
}

// run sees the request through that a thread was given and that began at since, up to the head of its answer.
func (d *Dispatcher) run(t *thread, req *python.Request, since time.Time) (*python.Response, rest, error) {
	req.Trace.PID, req.Trace.Thread = t.slot.Worker().PID(), t.slot.Index()
	req.Trace.Tries++
	t.since, t.limit = since, d.cfg().timeout(req.Path)
	resp, r, err := d.converse(t, req, t.deadline(since))
	now := time.Now()
	ran := t.ran(now)
	t.free = since.Add(ran)
	d.pace.add(ran)
	switch r.state {
	case lost: // the slot has noted what it was, for the line about the process's end
		err = d.unlessBegun(t, req, err)
	case idle:
		t.slot.Finish(now)
	default:
		t.slot.Leave()
	}
	if errors.Is(err, errNotBegun) {
		req.Trace.Queued += ran
	} else {
		req.Trace.Ran += ran
	}
	return resp, r, err
}

// ran is how long the request took whose answer is here. A worker holds answers within a batch back for a moment; those
// that have come together have the same part of the time that they took together.
func (t *thread) ran(now time.Time) time.Duration {
	switch {
	case t.hand > 0:
		t.hand--
	case len(t.behind) > 0:
		t.hand = min(t.slot.InHand(), len(t.behind))
	}
	return now.Sub(t.since) / time.Duration(1+t.hand)
}

// deadline returns until when the request that runs may take for what it began at a time; zero means for ever.
func (t *thread) deadline(from time.Time) time.Time {
	if t.limit <= 0 {
		return time.Time{}
	}
	return from.Add(t.limit)
}

func (d *Dispatcher) converse(t *thread, req *python.Request, deadline time.Time) (*python.Response, rest, error) {
	for {
		frame, err := d.receive(t, deadline)
		switch {
		case errors.Is(err, workers.ErrDeadline):
			return nil, rest{state: stuck}, ErrTimeout
		case errors.Is(err, errTakenBack): // it stays with this thread, which has nothing else to do
			if err := t.slot.Send(req, deadline); err != nil {
				return nil, rest{state: lost}, err
			}
			continue
		case err != nil:
			return nil, rest{state: lost}, err
		}
		if frame.Kind != python.KindWant || req.File == nil {
			return d.answer(t, frame)
		}
		if err := t.slot.SendFile(req.File); err != nil {
			return nil, rest{state: lost}, err
		}
	}
}

// answer makes a response of the first frame of an answer.
func (d *Dispatcher) answer(t *thread, frame python.Frame) (*python.Response, rest, error) {
	after := rest{state: closing}
	if frame.Free() {
		after.state = idle
	}
	switch frame.Kind {
	case python.KindResponse:
		resp, err := parse(t, frame)
		return resp, after, err
	case python.KindHead:
		return d.streamed(t, frame)
	case python.KindError:
		text, err := python.ParseText(frame.Payload)
		if err == nil {
			err = &ApplicationError{Traceback: text}
		}
		return nil, after, err
	}
	return nil, rest{state: lost}, t.slot.Broken(fmt.Errorf("it answered with %v", frame.Kind))
}

// streamed makes the response of a HEAD, whose body is a file, or comes in chunks and goes into a spool.
func (d *Dispatcher) streamed(t *thread, frame python.Frame) (*python.Response, rest, error) {
	if frame.Flags&python.FlagFile != 0 {
		resp, err := parseFile(t, frame)
		return resp, rest{state: closing}, err
	}
	resp, err := parse(t, frame)
	if err != nil {
		return nil, rest{state: closing}, err
	}
	resp.Stream = spool.New(d.cfg().limits)
	resp.Stream.OnClose(t.slot.Wake)
	if t.slot.AtHand() {
		resp.Stream.Expect()
	}
	return resp, rest{state: streaming, stream: resp.Stream}, nil
}

const (
	// keptPayload is the size up to which a response copies its frame: cheaper than giving the slot another buffer.
	keptPayload = 8 << 10
	// keptAhead is that where more lies behind it than the frame is long, which would have to move to the other buffer.
	keptAhead = 16 << 10
)

// parse makes a response of a frame. A large one keeps the frame's buffer.
func parse(t *thread, frame python.Frame) (*python.Response, error) {
	var buffer []byte
	size := len(frame.Payload)
	if size > keptPayload && (size > keptAhead || size > t.slot.Behind()) {
		buffer = t.slot.TakeBuffer()
	}
	resp, err := python.ParseResponse(frame.Kind, frame.Payload, buffer)
	if err != nil {
		if buffer != nil {
			python.FreePayload(buffer)
		}
		return nil, &ApplicationError{Traceback: err.Error()}
	}
	return resp, nil
}

func parseFile(t *thread, frame python.Frame) (*python.Response, error) {
	file, err := t.slot.ReceiveFile()
	if err != nil {
		return nil, err
	}
	resp, err := python.ParseFileHead(frame.Payload, nil, file)
	if err != nil {
		closeFile(file)
		return nil, &ApplicationError{Traceback: err.Error()}
	}
	return resp, nil
}

func closeFile(f *os.File) {
	_ = f.Close() // opened for reading only
}
