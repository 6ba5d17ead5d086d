package workers

import (
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// stuckIn returns the slot of a thread that is stuck in a function of stuck.py.
func stuckIn(t *testing.T, kind string) (*running, *Slot) {
	t.Helper()
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "stuck"))
	slot := r.ready().Slots()[0]
	req := newRequest("GET", "/"+kind, "")
	defer req.Release()
	require.NoError(t, slot.Send(req, time.Time{}))
	slot.Leave()
	r.await(1, "output", "line", "stuck in "+kind)
	t.Cleanup(slot.worker.kill) // it would not end by itself
	return r, slot
}

func TestInterruptSaysWhereTheThreadIs(t *testing.T) {
	for _, kind := range []string{"loop", "sleep", "lock", "free", "naps"} {
		t.Run(kind, func(t *testing.T) {
			_, slot := stuckIn(t, kind)
			want := regexp.MustCompile(`(?s)^Stack \(most recent call last\):\n.*stuck.py", line \d+, in get_stuck\n.* in ` + kind + `\n`)
			require.Eventually(t, func() bool { // it says that it will be stuck just before
				got := slot.Interrupt(false)
				assert.Empty(t, got.Outcome)
				return want.MatchString(got.Stack)
			}, deadline, time.Millisecond)
		})
	}
}

// No other thread of Python can do anything then, but the one that is stuck can be told by a signal to say where it is.
func TestInterruptOfAThreadThatKeepsTheGIL(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux sends a signal to one thread of another process")
	}
	_, slot := stuckIn(t, "gil")
	require.Eventually(t, func() bool { return slot.Interrupt(false).Deaf }, deadline, time.Millisecond) // as above
	got := slot.Interrupt(true)
	assert.Equal(t, outcomeLate, got.Outcome)
	assert.True(t, got.Deaf)
	assert.Regexp(t, `(?s)^Stack \(most recent call first\):\n.*stuck.py", line \d+ in gil\n.* in get_stuck\n.* in application\n$`, got.Stack)
}

func TestInterruptRaises(t *testing.T) {
	_, slot := stuckIn(t, "naps")
	got := slot.Interrupt(true)
	assert.Equal(t, "raised", got.Outcome)
	frame, err := slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	require.Equal(t, python.KindError, frame.Kind)
	text, err := python.ParseText(frame.Payload)
	require.NoError(t, err)
	assert.Contains(t, text, "forebay.RequestTimeout: the request has run for longer than timeout allows")
	slot.Finish(time.Now())
	assert.Equal(t, "next", ask(t, slot, "GET", "/ok/next", ""))
}

func TestInterruptOfARequestThatIsOver(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "stuck"))
	slot := r.ready().Slots()[0]
	for range 3 {
		assert.Equal(t, "x", ask(t, slot, "GET", "/ok/x", ""))
		slot.Interrupt(true) // whatever it says: the thread may still return from having answered
	}
	assert.Equal(t, "y", ask(t, slot, "GET", "/ok/y", ""))
}

func TestInterruptThatIsNotAnswered(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "ready"))
	slot := r.ready().Slots()[0]
	assert.Equal(t, Interruption{Deaf: true}, slot.Interrupt(false))
	assert.Equal(t, Interruption{Deaf: true, Outcome: outcomeLate}, slot.Interrupt(true))
}

// The late answer about an earlier request is not taken for the one that is waited for.
func TestInterruptThatIsAnsweredLate(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "interrupts twice"))
	slot := r.ready().Slots()[0]
	for _, want := range []string{"about 1", "about 2"} {
		req := newRequest("GET", "/", "")
		require.NoError(t, slot.Send(req, time.Time{}))
		assert.Equal(t, Interruption{Stack: want, Outcome: "outcome"}, slot.Interrupt(true))
		slot.Finish(time.Now())
		req.Release()
	}
}

func TestInterruptWhenTheWorkerDies(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "dies when recalled", "ready"))
	slot := r.ready().Slots()[0]
	assert.Equal(t, Interruption{}, slot.Interrupt(true))
	<-slot.worker.exited
}

func TestInterruptedThatNobodyUnderstands(t *testing.T) {
	for _, script := range []string{"interrupts no number", "interrupts slot 7"} {
		t.Run(script, func(t *testing.T) {
			r := startPool(t, oneWorker(), grace, scriptProgram(t, script))
			assert.Equal(t, Interruption{Stack: "about 0", Outcome: "outcome"}, r.ready().Slots()[0].Interrupt(false), "the right one comes after it")
			found, _ := r.find("control frame not understood", "kind", python.KindInterrupted.String())
			assert.Len(t, found, 1)
		})
	}
}

func TestDumpOfAnEarlierStackIsNotTakenForALaterOne(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = read.Close(), write.Close() }) // nothing is in them any more
	w := &Worker{dumps: read}
	_, err = write.WriteString("late")
	require.NoError(t, err)
	assert.Equal(t, "late", w.readDump(time.Second, 0))
	assert.Empty(t, w.readDump(time.Millisecond, 0))
}

func TestWithoutProgram(t *testing.T) {
	head := "Stack (most recent call first):\n"
	app := "  File \"/srv/shop.py\", line 3 in view\n"
	program := "  File \"<forebay>/response.py\", line 46 in respond\n  File \"<forebay>/loop.py\", line 9 in serve\n"
	write := "  File \"<forebay>/slot.py\", line 1 in _write\n  File \"<forebay>/response.py\", line 99 in write\n"
	cases := map[string]struct{ stack, want string }{
		"in the application":    {head + app + program, head + app},
		"in what it has called": {head + write + app + program, head + write + app},
		"elsewhere":             {head + app, head + app},
		"nothing":               {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, withoutProgram(c.stack)) })
	}
}

// What follows is the scripts' side.

func interruptedFrame(slot int, request uint32, stack string) []byte {
	return python.AppendFrame(nil, python.KindInterrupted, 0,
		python.AppendValue(nil, python.Tuple{slot, int(int32(request)), stack, "outcome"}))
}

// interruptTwice answers each INTERRUPT with the answer to the one before it first.
func (p *played) interruptTwice() {
	p.obeyInterrupts(func(request uint32) {
		if request > 1 {
			p.say(interruptedFrame(0, request-1, "late"))
		}
		p.say(interruptedFrame(0, request, "about "+string(rune('0'+request))))
	})
}

// interruptAfter says wrong before it answers an INTERRUPT.
func (p *played) interruptAfter(wrong []byte) {
	p.obeyInterrupts(func(request uint32) {
		p.say(wrong)
		p.say(interruptedFrame(0, request, "about 0"))
	})
}

func (p *played) obeyInterrupts(do func(request uint32)) {
	p.ready()
	for {
		frame, err := readFrame(p.control)
		if err != nil || frame.Kind == python.KindDrain {
			return
		}
		v, err := python.ReadValue(frame.Payload)
		tuple, ok := v.(python.Tuple)
		if err != nil || !ok || frame.Kind != python.KindInterrupt || len(tuple) != 3 {
			os.Exit(110)
		}
		request, ok := tuple[1].(int)
		if !ok {
			os.Exit(111)
		}
		do(uint32(int32(request)))
	}
}
