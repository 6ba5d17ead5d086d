package workers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"forebay/python"
)

// Whatever a worker says on its control socket, it brings nobody down and keeps nobody waiting.
func FuzzHear(f *testing.F) {
	f.Add(uint8(python.KindRecalled), recalledFrame(0, 1)[python.HeadSize:])
	f.Add(uint8(python.KindInterrupted), interruptedFrame(0, 1, "stack")[python.HeadSize:])
	f.Add(uint8(python.KindInterrupted), interruptedFrame(-1, 1, "stack")[python.HeadSize:])
	f.Add(uint8(python.KindReady), []byte("?"))
	w := &Worker{}
	w.slots = []*Slot{newSlot(w, 0, nil, nil, nil)}
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		frame := python.Frame{Kind: python.Kind(kind), Payload: payload}
		for range 2 { // the second answer finds the first one unread
			err := w.hear(frame)
			if frame.Kind != python.KindRecalled && frame.Kind != python.KindInterrupted {
				require.Error(t, err)
			}
		}
	})
}
