package workers

import (
	"errors"
	"fmt"
	"io"
	"time"

	"forebay/python"
)

// readFrame reads one frame from a control stream.
func readFrame(r io.Reader) (python.Frame, error) {
	var head [python.HeadSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return python.Frame{}, fmt.Errorf("read a control frame: %w", err)
	}
	h, err := python.ParseHead(head[:])
	if err != nil {
		return python.Frame{}, err
	}
	payload := make([]byte, min(h.Length, python.MaxPayload))
	if _, err := io.ReadFull(r, payload); err != nil {
		return python.Frame{}, fmt.Errorf("read a control frame: %w", err)
	}
	return python.Frame{Kind: h.Kind, Flags: h.Flags, Payload: payload}, nil
}

// answer returns the answer to BOOT. The process may report modules before it.
func (p *process) answer() (python.Frame, error) {
	for {
		frame, err := readFrame(p.control)
		if err != nil || frame.Kind != python.KindModules {
			return frame, err
		}
		if err := p.hearModules(frame); err != nil {
			return frame, err
		}
	}
}

func (p *process) hearModules(frame python.Frame) error {
	files, err := python.ParseModules(frame.Payload)
	if err == nil && p.imported != nil {
		p.imported(files)
	}
	return err
}

// listen takes what the worker's main thread reports, until the stream ends with the process.
func (w *Worker) listen() {
	for {
		frame, err := readFrame(w.control)
		if err != nil {
			return
		}
		if err := w.hear(frame); err != nil {
			w.log.Warn("control frame not understood", "kind", frame.Kind.String(), "error", err)
		}
	}
}

// hear passes an answer of the main thread's on to the slot that has asked.
func (w *Worker) hear(frame python.Frame) error {
	switch frame.Kind {
	case python.KindRecalled:
		number, begun, err := python.ParseRecalled(frame.Payload)
		if err != nil {
			return err
		}
		slot, err := w.slot(number)
		if err != nil {
			return err
		}
		select {
		case slot.recalled <- begun:
		default: // nobody has asked: a slot asks again only when it was answered
		}
	case python.KindInterrupted:
		got, err := python.ParseInterrupted(frame.Payload)
		if err != nil {
			return err
		}
		slot, err := w.slot(got.Slot)
		if err != nil {
			return err
		}
		slot.hearInterrupted(got)
	case python.KindModules:
		return w.hearModules(frame)
	case python.KindStacks:
		return w.hearStacks(frame)
	case python.KindPong:
		w.gil.hear(time.Now())
	default:
		return errors.New("no worker sends it")
	}
	return nil
}

func (w *Worker) slot(number int) (*Slot, error) {
	if number < 0 || number >= len(w.slots) {
		return nil, fmt.Errorf("there is no slot %d", number)
	}
	return w.slots[number], nil
}
