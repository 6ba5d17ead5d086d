package workers

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// sendAll gives the slot's thread requests for /0, /1 and so on in one write. Their memory is the slot's no more.
func sendAll(t *testing.T, s *Slot, n int) {
	t.Helper()
	var reqs []*python.Request
	for i := range n {
		reqs = append(reqs, newRequest("GET", "/"+string(rune('0'+i)), ""))
	}
	require.NoError(t, s.SendAll(reqs, (*python.Request).Idempotent, time.Now().Add(deadline)))
	s.Begin(reqs[0])
	s.Finish(time.Now())
	for _, req := range reqs {
		req.Release()
	}
}

func TestRequestsThatWereSentAtOnceAreAnsweredInTheirOrder(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	slot := r.ready().Slots()[0]
	var reqs []*python.Request
	for _, body := range []string{"x", "xx", "xxx"} {
		reqs = append(reqs, newRequest("POST", "/", body))
	}
	require.NoError(t, slot.SendAll(reqs, (*python.Request).Idempotent, time.Time{}))
	for i, want := range []string{"BytesIO 1", "BytesIO 2", "BytesIO 3"} {
		slot.Begin(reqs[i])
		assert.Equal(t, want, answered(t, slot))
		slot.Finish(time.Now())
		reqs[i].Release()
	}
	n, err := slot.Recall(deadline)
	require.NoError(t, err)
	assert.Zero(t, n, "all were begun")
	assert.Equal(t, "BytesIO 5", ask(t, slot, "POST", "/", "hello"), "and it goes on as before")
}

func TestLargestBatchIsReadInOnePiece(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	slot := r.ready().Slots()[0]
	const many = 5
	var reqs []*python.Request
	var sizes []int
	left := slot.BatchSize()
	for i := range many {
		whole := left / (many - i)
		size := whole - (len(newRequest("POST", "/", strings.Repeat("x", whole)).Frame()) - whole)
		req := newRequest("POST", "/", strings.Repeat("x", size))
		reqs, sizes, left = append(reqs, req), append(sizes, size), left-len(req.Frame())
	}
	require.Zero(t, left)
	require.NoError(t, slot.SendAll(reqs, (*python.Request).Idempotent, time.Now().Add(deadline)))
	for i, req := range reqs {
		slot.Begin(req)
		assert.Equal(t, fmt.Sprintf("BytesIO %d", sizes[i]), answered(t, slot))
		slot.Finish(time.Now())
		req.Release()
	}
}

func TestRecall(t *testing.T) {
	cases := map[string]struct {
		script string
		want   int
	}{
		"nothing was begun":    {"begins 0", 5},
		"the first was begun":  {"begins 1", 4},
		"everything was begun": {"begins 5", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, c.script))
			slot := r.ready().Slots()[0]
			sendAll(t, slot, 5)
			n, err := slot.Recall(deadline)
			require.NoError(t, err)
			assert.Equal(t, c.want, n)
			assert.False(t, slot.Recalling())
		})
	}
}

func TestRecallWhenTheCounterGoesRound(t *testing.T) {
	for _, sent := range []uint32{1<<31 - 2, 1<<32 - 3, 1<<32 - 1} {
		r := startPool(t, oneWorker(), grace, scriptProgram(t, "begins 2 more"))
		slot := r.ready().Slots()[0]
		slot.sent = sent
		slot.worker.send(python.CancelFrame(0, sent)) // so that the script knows where to count from
		sendAll(t, slot, 5)
		n, err := slot.Recall(deadline)
		require.NoError(t, err)
		assert.Equal(t, 3, n)
	}
}

func TestRecallThatIsAnsweredLate(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "answers when told"))
	slot := r.ready().Slots()[0]
	sendAll(t, slot, 3)
	for range 3 {
		_, err := slot.Recall(time.Millisecond)
		require.ErrorIs(t, err, ErrDeadline)
		assert.True(t, slot.Recalling())
	}
	slot.Cancel() // this is how the script is told
	n, err := slot.Recall(deadline)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.False(t, slot.Recalling())
}

func TestRecallWhenTheWorkerDies(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "dies when recalled", "ready"))
	slot := r.ready().Slots()[0]
	sendAll(t, slot, 3)
	_, err := slot.Recall(deadline)
	assert.ErrorIs(t, err, ErrWorkerDied)
	assert.NotErrorIs(t, err, ErrDeadline)
}

func TestRecalledThatNobodyUnderstands(t *testing.T) {
	for _, script := range []string{"recalls no number", "recalls slot 7", "recalls slot -1"} {
		t.Run(script, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, script))
			slot := r.ready().Slots()[0]
			sendAll(t, slot, 3)
			n, err := slot.Recall(deadline)
			require.NoError(t, err, "the right answer comes after the wrong one")
			assert.Equal(t, 2, n)
			found, _ := r.find("control frame not understood", "kind", python.KindRecalled.String())
			assert.Len(t, found, 1)
		})
	}
}

// What follows is the scripts' side.

// obey is ready and hands what comes by the control socket, with its number of a request, to do, until it is asked to exit.
func (p *played) obey(do func(kind python.Kind, request uint32)) {
	p.ready()
	for {
		frame, err := readFrame(p.control)
		if err != nil || frame.Kind == python.KindDrain {
			return
		}
		v, err := python.ReadValue(frame.Payload)
		tuple, ok := v.(python.Tuple)
		if err != nil || !ok || len(tuple) != 2 {
			os.Exit(107)
		}
		request, ok := tuple[1].(int)
		if !ok {
			os.Exit(108)
		}
		do(frame.Kind, uint32(int32(request)))
	}
}

// recalled answers a RECALL, and nothing else.
func (p *played) recalled(to python.Kind, slot int, begun uint32) {
	if to == python.KindRecall {
		p.say(recalledFrame(slot, begun))
	}
}

func recalledFrame(slot int, begun uint32) []byte {
	return python.AppendFrame(nil, python.KindRecalled, 0, python.AppendValue(nil, python.Tuple{slot, int(int32(begun))}))
}

// beginTwoMore has begun two more requests than the CANCEL before the RECALL named.
func (p *played) beginTwoMore() {
	var first uint32
	p.obey(func(kind python.Kind, request uint32) {
		p.recalled(kind, 0, first+2)
		first = request
	})
}

// answerRecallWhenTold answers a RECALL when a CANCEL comes. It does not expect to be asked twice.
func (p *played) answerRecallWhenTold() {
	asked := false
	p.obey(func(kind python.Kind, _ uint32) {
		if kind == python.KindRecall && asked {
			os.Exit(109)
		}
		asked = true
		if kind == python.KindCancel {
			p.recalled(python.KindRecall, 0, 1)
		}
	})
}

// recallAfter says wrong before it answers a RECALL.
func (p *played) recallAfter(wrong []byte) {
	p.obey(func(kind python.Kind, _ uint32) {
		p.say(wrong)
		p.recalled(kind, 0, 1)
	})
}
