package workers

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

func TestManyThreadsHaveSmallAreasOrNone(t *testing.T) {
	for threads, want := range map[int]int{1: 1 << 20, 8: 1 << 20, 16: 1 << 20, 17: 15 << 16, 64: 256 << 10, 65: 0, 1000: 0} {
		size := areaSize(threads)
		assert.Equal(t, want, size, "%d threads", threads)
		assert.LessOrEqual(t, size*threads, areaMemory)
	}
}

// large asks for so many bytes and returns the body, and of which kinds its frames were. What is shared is taken if taken
// is set.
func large(t *testing.T, s *Slot, size int, taken bool) (body []byte, kinds []python.Kind) {
	t.Helper()
	req := newRequest("GET", fmt.Sprintf("/whole?%d", size), "")
	defer req.Release()
	require.NoError(t, s.Send(req, time.Time{}))
	for {
		frame, err := s.Receive(time.Now().Add(deadline))
		require.NoError(t, err)
		require.NotEqual(t, python.KindResponse, frame.Kind, "%q", frame.Payload)
		if len(kinds) == 0 || kinds[len(kinds)-1] != frame.Kind {
			kinds = append(kinds, frame.Kind)
		}
		switch frame.Kind {
		case python.KindChunk:
			body = append(body, frame.Payload...)
		case python.KindShared:
			piece, err := s.Shared(frame)
			require.NoError(t, err)
			body = append(body, piece...)
			if taken {
				s.Taken()
			}
		case python.KindEnd:
			s.Finish(time.Now())
			return body, kinds
		}
	}
}

func numbered(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		_, _ = fmt.Fprintf(&b, "%07d\n", i) // to memory
	}
	return b.Bytes()[:size]
}

func TestLargeAnswersAreInTheSlotsArea(t *testing.T) {
	r := startPool(t, config.Workers{Processes: 1, Threads: 3, BootTimeout: deadline}, grace, pythonProgram(t, "transfers"))
	w := r.ready()
	shared := []python.Kind{python.KindHead, python.KindShared, python.KindEnd}
	piped := []python.Kind{python.KindHead, python.KindChunk, python.KindEnd}
	both := []python.Kind{python.KindHead, python.KindShared, python.KindChunk, python.KindEnd}
	for i, s := range w.Slots() {
		for _, step := range []struct {
			size  int
			taken bool
			kinds []python.Kind
		}{{100_000 + i, true, shared}, {largestArea, true, shared}, {largestArea + 1, true, both}, {200_000, false, shared}, {300_000, true, piped}} {
			body, kinds := large(t, s, step.size, step.taken)
			assert.Equal(t, step.kinds, kinds, "%d bytes", step.size)
			assert.True(t, bytes.Equal(numbered(step.size), body), "%d bytes", step.size)
		}
	}
}

func TestAnAreaOutlivesItsProcess(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "transfers"))
	w := r.ready()
	s := w.Slots()[0]
	large(t, s, 100_000, true)
	area := w.areas.of(0, len(w.Slots()))[:100_000]
	killHard(t, w)
	r.await(1, "worker exited", "pid", pidText(w))
	assert.True(t, bytes.Equal(numbered(100_000), area))
	s.Taken()
	runtime.KeepAlive(s)
}

func TestMoreThanAnAreaHoldsIsNonsense(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "transfers"))
	w := r.ready()
	for name, payload := range map[string][]byte{
		"too short": {1, 0, 0}, "nothing": {0, 0, 0, 0}, "too long": {1, 0, 0, 0, 0}, "too much": {1, 0, 16, 0}, "very much": {255, 255, 255, 255},
	} {
		_, err := w.Slots()[0].Shared(python.Frame{Kind: python.KindShared, Payload: payload})
		assert.ErrorIs(t, err, ErrWorkerDied, name)
	}
	none, _ := pipedSlot(t)
	_, err := none.Shared(python.Frame{Kind: python.KindShared, Payload: []byte{1, 0, 0, 0}})
	assert.ErrorIs(t, err, ErrWorkerDied)
	none.Taken()
}

// Files of that size may be forbidden (RLIMIT_FSIZE), or memory be short.
func TestWithoutRoomForAreasThereAreMarks(t *testing.T) {
	w := &Worker{}
	theirs, err := w.share(3, 1<<60)
	require.NoError(t, err)
	t.Cleanup(func() { w.marks.close(); assert.NoError(t, theirs.Close()) })
	assert.Nil(t, w.areas)
	state, err := theirs.Stat()
	require.NoError(t, err)
	assert.Equal(t, int64(3*markSize), state.Size())
}
