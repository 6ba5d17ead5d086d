package workers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

func newRequest(method, target, body string) *python.Request {
	return newFileRequest(method, target, python.Body{Memory: []byte(body), Size: int64(len(body))})
}

func newFileRequest(method, target string, body python.Body) *python.Request {
	path, query, _ := strings.Cut(target, "?")
	return python.NewRequest(&python.Meta{
		Method: []byte(method), Target: []byte(target), Path: []byte(path), Query: []byte(query), Protocol: []byte("HTTP/1.1"), Scheme: "http",
		RequestID: []byte("id of " + target), HasLength: body.Size > 0,
	}, body, nil)
}

// ask sends a request and returns the body of the response, which is one frame.
func ask(t *testing.T, s *Slot, method, target, body string) string {
	t.Helper()
	req := newRequest(method, target, body)
	defer req.Release()
	require.NoError(t, s.Send(req, time.Now().Add(deadline)))
	defer s.Finish(time.Now())
	return answered(t, s)
}

func answered(t *testing.T, s *Slot) string {
	t.Helper()
	frame, err := s.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	require.Equal(t, python.KindResponse, frame.Kind, "%q", frame.Payload)
	buffer := s.TakeBuffer()
	resp, err := python.ParseResponse(frame.Kind, frame.Payload, buffer)
	require.NoError(t, err)
	defer resp.Close()
	return string(resp.Body)
}

func TestBodyInAFile(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	slot := r.ready().Slots()[0]
	assert.Equal(t, "BytesIO 5", ask(t, slot, "POST", "/", "hello"))

	file, err := os.Create(filepath.Join(t.TempDir(), "body"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, file.Close()) })
	_, err = file.WriteString(strings.Repeat("x", 300_000))
	require.NoError(t, err)
	req := newFileRequest("POST", "/", python.Body{File: file, Size: 300_000})
	defer req.Release()
	require.NoError(t, slot.Send(req, time.Time{}))
	frame, err := slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	require.Equal(t, python.KindWant, frame.Kind)
	require.NoError(t, slot.SendFile(file))
	assert.Equal(t, "BufferedReader 300000", answered(t, slot))
}

func TestRequestLargerThanTheSocketsBuffer(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	slot := r.ready().Slots()[0]
	assert.Equal(t, "BytesIO 3000000", ask(t, slot, "POST", "/", strings.Repeat("x", 3_000_000)))

	stopped(t, slot.Worker())
	req := newRequest("POST", "/", strings.Repeat("x", 3_000_000))
	defer req.Release()
	assert.ErrorIs(t, slot.Send(req, time.Now()), ErrWorkerDied, "half a request is never followed by another one")
}

// TestDeadlineOfALargeRequestIsItsOwn, and not that of the small ones after it, which set none.
func TestDeadlineOfALargeRequestIsItsOwn(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "files"))
	slot := r.ready().Slots()[0]
	req := newRequest("POST", "/", strings.Repeat("x", 2*smallFrame))
	defer req.Release()
	passes := time.Now().Add(time.Second)
	require.NoError(t, slot.Send(req, passes))
	assert.Equal(t, "BytesIO 8192", answered(t, slot))
	slot.Finish(time.Now())
	<-time.After(time.Until(passes))
	assert.Equal(t, "BytesIO 5", ask(t, slot, "POST", "/", "hello"))
}

func TestDeadlineLeavesTheSlotWhole(t *testing.T) {
	r := startPool(t, oneWorker(), grace, scriptProgram(t, "answers with half"))
	slot := r.ready().Slots()[0]
	for range 2 {
		_, err := slot.Receive(time.Now())
		require.ErrorIs(t, err, ErrDeadline)
	}
	_, busy := slot.Serving()
	assert.False(t, busy)
}

func TestWorkerThatSpeaksNonsenseHasDied(t *testing.T) {
	cases := map[string]struct{ script, want string }{
		"too long a frame": {"answers too long", "more than 1048576"},
		"end of a stream":  {"closes its slot", "EOF"},
		"half a frame":     {"half and dead slot", "EOF"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := startPool(t, config.Workers{Processes: 1, Threads: 2, BootTimeout: deadline}, grace, scriptProgram(t, c.script))
			slot := r.ready().Slots()[0]
			req := newRequest("PUT", "/x", "")
			defer req.Release()
			if err := slot.Send(req, time.Time{}); err != nil {
				require.Equal(t, "closes its slot", c.script)
			}
			_, err := slot.Receive(time.Now().Add(deadline))
			require.ErrorIs(t, err, ErrWorkerDied)
			assert.ErrorContains(t, err, "thread 0 of worker 1: ")
			assert.ErrorContains(t, err, c.want)
			serving, any := slot.Serving()
			assert.True(t, any, "what it was running is remembered")
			assert.Equal(t, "PUT", serving.Method)
		})
	}
}

// What a thread does for a request whose memory others use by then stands in the line about the end of its process.
func TestServingOutlivesTheRequest(t *testing.T) {
	slot, _ := pipedSlot(t)
	begin := func(target string) *python.Request {
		req := newRequest("GET", target, "")
		slot.Begin(req)
		return req
	}
	begin("/stream").Release()
	slot.Leave()
	other := newRequest("POST", "/other", "")
	defer other.Release()
	serving, any := slot.Serving()
	require.True(t, any)
	assert.Equal(t, []string{"GET", "/stream", "id of /stream"}, []string{serving.Method, serving.Target, serving.RequestID})
	slot.Finish(time.Now())
	_, any = slot.Serving()
	assert.False(t, any)
	slot.Leave()
	_, any = slot.Serving()
	assert.False(t, any, "there is nothing to leave")

	req := begin("/next")
	defer req.Release()
	slot.Leave()
	require.ErrorIs(t, slot.Broken(os.ErrInvalid), ErrWorkerDied)
	slot.Finish(time.Now())
	serving, any = slot.Serving()
	require.True(t, any, "what it was doing when it died")
	assert.Equal(t, "/next", serving.Target)
}

func TestDeathThatWasOurDoingIsToldApart(t *testing.T) {
	slot, _ := pipedSlot(t)
	assert.NotErrorIs(t, slot.Broken(os.ErrInvalid), ErrWorkerKilled)
	slot.worker.killed.Store(true)
	err := slot.Broken(os.ErrInvalid)
	assert.ErrorIs(t, err, ErrWorkerKilled)
	assert.ErrorIs(t, err, ErrWorkerDied)
}

func TestAnswersInHand(t *testing.T) {
	whole := python.AppendFrame(nil, python.KindResponse, python.FlagFree, []byte("answer"))
	failed := python.AppendFrame(nil, python.KindError, python.FlagFree, []byte("fault"))
	cases := map[string]struct {
		behind [][]byte
		want   int
	}{
		"nothing":                {nil, 0},
		"two":                    {[][]byte{whole, failed}, 2},
		"the beginning of one":   {[][]byte{whole, whole[:python.HeadSize-1]}, 1},
		"all but a byte":         {[][]byte{whole, whole[:len(whole)-1]}, 1},
		"one that goes on":       {[][]byte{python.AppendFrame(nil, python.KindHead, 0, nil), whole}, 0},
		"one that is not over":   {[][]byte{python.AppendFrame(nil, python.KindResponse, 0, nil), whole}, 0},
		"a frame beyond measure": {[][]byte{{0xff, 0xff, 0xff, 0xff, byte(python.KindResponse), byte(python.FlagFree)}}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			slot, answers := pipedSlot(t)
			_, err := answers.Write(slices.Concat(whole, slices.Concat(c.behind...)))
			require.NoError(t, err)
			_, err = slot.Receive(time.Now().Add(deadline))
			require.NoError(t, err)
			assert.Equal(t, c.want, slot.InHand())
		})
	}
}

func TestNoAnswerIsInHandWithinAChunk(t *testing.T) {
	slot, answers := pipedSlot(t)
	_, err := answers.Write(python.AppendFrame(nil, python.KindChunk, 0, python.AppendFrame(nil, python.KindResponse, python.FlagFree, nil))[:python.HeadSize+1])
	require.NoError(t, err)
	_, err = slot.Receive(time.Now().Add(deadline))
	require.NoError(t, err)
	_, err = answers.Write(python.AppendFrame(nil, python.KindResponse, python.FlagFree, nil))
	require.NoError(t, err)
	assert.Zero(t, slot.InHand())
}
