package workers

import (
	"fmt"
	"io"

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

// listen takes what the worker's main thread reports, until the stream ends with the process.
func (w *Worker) listen() {
	for {
		frame, err := readFrame(w.control)
		if err != nil {
			return
		}
		if frame.Kind != python.KindRecalled {
			w.log.Warn("control frame not understood", "kind", frame.Kind.String())
			continue
		}
		slot, begun, err := python.ParseRecalled(frame.Payload)
		if err != nil || slot < 0 || slot >= len(w.slots) {
			w.log.Warn("control frame not understood", "kind", frame.Kind.String(), "error", err)
			continue
		}
		select {
		case w.slots[slot].recalled <- begun:
		default: // nobody has asked: a slot asks again only when it was answered
		}
	}
}
