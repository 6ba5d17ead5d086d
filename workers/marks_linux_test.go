package workers

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/config"
	"forebay/python"
)

// send gives a request to a slot's thread. Its memory is the slot's no more.
func send(t *testing.T, s *Slot, method, target string) {
	t.Helper()
	req := newRequest(method, target, "")
	require.NoError(t, s.Send(req, time.Time{}))
	s.Finish(time.Now())
	req.Release()
}

func TestWhatADeadWorkerHadBegun(t *testing.T) {
	r := startPool(t, config.Workers{Processes: 1, Threads: 3, BootTimeout: deadline}, grace, pythonProgram(t, "crashes"))
	w := r.ready()
	killer := w.Slots()[1]
	assert.Equal(t, "ok", ask(t, killer, "GET", "/ok", ""))
	send(t, killer, "POST", "/exit")
	_, err := killer.Receive(time.Now().Add(deadline))
	require.ErrorIs(t, err, ErrWorkerDied)
	n, known := killer.Begun()
	assert.True(t, known)
	assert.Equal(t, 1, n)

	w = r.ready()
	unread, batch := w.Slots()[0], w.Slots()[2]
	assert.Equal(t, "ok", ask(t, unread, "GET", "/ok", ""))
	stopped(t, w)
	send(t, unread, "POST", "/ok")
	sendAll(t, batch, 3)
	killHard(t, w)
	for _, slot := range []*Slot{unread, batch} {
		_, err = slot.Receive(time.Now().Add(deadline))
		require.ErrorIs(t, err, ErrWorkerDied)
		n, known = slot.Begun()
		assert.True(t, known)
		assert.Zero(t, n)
	}
}

// The second of the batch ends the worker; the third was sent with it.
func TestWhatADeadWorkerHadBegunOfABatch(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "crashes"))
	s := r.ready().Slots()[0]
	reqs := []*python.Request{newRequest("GET", "/ok", ""), newRequest("GET", "/exit", ""), newRequest("GET", "/ok", "")}
	require.NoError(t, s.SendAll(reqs, (*python.Request).Idempotent, time.Time{}))
	s.Begin(reqs[0])
	s.Finish(time.Now())
	for _, req := range reqs {
		req.Release()
	}
	for err := error(nil); err == nil; _, err = s.Receive(time.Now().Add(deadline)) {
		continue // the first may have been answered, or its answer was held back
	}
	n, known := s.Begun()
	assert.True(t, known)
	assert.Equal(t, 2, n)
}

// The thread of a process that lives may still come to what it was sent.
func TestWhatALivingWorkerHasBegunIsNotKnown(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "closes its slot"))
	s := r.ready().Slots()[0]
	_, err := s.Receive(time.Now().Add(deadline))
	require.ErrorIs(t, err, ErrWorkerDied)
	_, known := s.Begun()
	assert.False(t, known)
}

func TestMarksOutliveTheirMemory(t *testing.T) {
	for _, number := range []uint32{0, 1, 1<<31 + 1, 1<<32 - 1} {
		m, theirs, err := newMarks(3, 0)
		require.NoError(t, err)
		_, err = theirs.WriteAt([]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)}, 4)
		require.NoError(t, err)
		assert.Equal(t, number, m.of(1))
		m.close()
		m.close()
		assert.Equal(t, number, m.of(1))
		assert.Zero(t, m.of(2))
		require.NoError(t, theirs.Close())
	}
}

func TestMarksCannotBeTakenAway(t *testing.T) {
	m, theirs, err := newMarks(3, 0)
	require.NoError(t, err)
	t.Cleanup(func() { m.close(); assert.NoError(t, theirs.Close()) })
	require.ErrorIs(t, theirs.Truncate(0), os.ErrPermission)
}

// Numbers of requests go round; what is marked may be of a request long ago.
func TestBegunWhenTheCounterGoesRound(t *testing.T) {
	cases := map[string]struct {
		current, marked uint32
		want            int
	}{
		"nothing was":                {1, 0, 0},
		"nothing since a recall":     {6, 2, 0},
		"the one that runs":          {7, 7, 1},
		"and two behind it":          {7, 9, 3},
		"just before the end":        {1<<32 - 1, 1<<32 - 2, 0},
		"across the end":             {1<<32 - 1, 1, 3},
		"the first after the end":    {0, 1<<32 - 1, 0},
		"the first after it, marked": {0, 0, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := &marks{memory: []byte{byte(c.marked), byte(c.marked >> 8), byte(c.marked >> 16), byte(c.marked >> 24)}}
			w := &Worker{marks: m, process: process{exited: make(chan struct{})}}
			close(w.exited)
			n, known := (&Slot{worker: w, current: c.current}).Begun()
			assert.True(t, known)
			assert.Equal(t, c.want, n)
		})
	}
}

// What a worker has answered before it died counts, also for one who reads it only then.
func TestLastWordsOfAWorkerAreHeard(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "hello"))
	w := r.ready()
	s := w.Slots()[0]
	defer close(r.hold())
	send(t, s, "POST", "/before")
	raw, err := s.in.SyscallConn()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var n int
		assert.NoError(t, raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }))
		return err == nil && n > 0
	}, deadline, time.Millisecond)
	killHard(t, w)
	r.await(1, "worker exited", "pid", pidText(w))
	assert.Equal(t, "hello from /before", answered(t, s))
}
