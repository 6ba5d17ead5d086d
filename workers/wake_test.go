package workers

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// pipedSlot is a slot without a process, and the end of the pipe where its thread would write its answers.
func pipedSlot(t *testing.T) (*Slot, *os.File) {
	t.Helper()
	in, answers, err := os.Pipe()
	require.NoError(t, err)
	requests, out, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { closeAll([]*os.File{in, answers, requests, out}) })
	return newSlot(&Worker{process: process{exited: make(chan struct{})}}, 0, out, in, nil), answers
}

func TestWakeEndsAWait(t *testing.T) {
	slot, answers := pipedSlot(t)
	waited := make(chan error, 1)
	go func() { // ends by Wake
		_, err := slot.Receive(time.Now().Add(deadline))
		waited <- err
	}()
	slot.Wake()
	require.ErrorIs(t, receive(t, waited, "it was not woken"), ErrWoken)
	_, err := slot.Receive(time.Now().Add(deadline))
	require.ErrorIs(t, err, ErrWoken, "until somebody has heeded it")

	slot.Unwake()
	_, err = slot.Receive(time.Now())
	require.ErrorIs(t, err, ErrDeadline)
	_, err = answers.Write(python.AppendFrame(nil, python.KindIdle, 0, nil))
	require.NoError(t, err)
	frame, err := slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	assert.Equal(t, python.KindIdle, frame.Kind, "the slot is whole")
}

func TestWakeLosesNoFrame(t *testing.T) {
	slot, answers := pipedSlot(t)
	const frames = 2000
	var others sync.WaitGroup
	others.Go(func() {
		for range frames {
			_, err := answers.Write(python.AppendFrame(nil, python.KindChunk, 0, []byte("x")))
			assert.NoError(t, err)
		}
	})
	stop := make(chan struct{})
	others.Go(func() { // ends by stop
		for {
			select {
			case <-stop:
				return
			default:
				slot.Wake()
			}
		}
	})
	for got := 0; got < frames; {
		frame, err := slot.Receive(time.Now().Add(deadline))
		if err != nil {
			require.ErrorIs(t, err, ErrWoken)
			slot.Unwake()
			continue
		}
		require.Equal(t, "x", string(frame.Payload))
		got++
	}
	close(stop)
	others.Wait()
}
