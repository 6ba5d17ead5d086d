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
