package workers

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"forebay/python"
	"forebay/python/spool"
)

// ErrWorkerDied is wrapped by the errors of a slot whose process has gone, or whose stream is broken beyond repair.
var ErrWorkerDied = errors.New("the worker died")

// ErrWorkerKilled is wrapped in its place where it was we who killed the process, as its requests took too long to end.
var ErrWorkerKilled = fmt.Errorf("%w: it was killed as its requests did not end in time (graceful_timeout)", ErrWorkerDied)

// ErrDeadline is what Receive returns when the deadline passed before a frame was there. The slot is still whole: the
// thread is busy and its answer will come, or not.
var ErrDeadline = os.ErrDeadlineExceeded

// Slot is the right to run requests on one thread of a worker, and what leads to that thread: a pipe for requests, one
// for answers, and a socket for descriptors. It belongs to one goroutine at a time: whoever took it.
//
// Pipes, because each request over a socket woke Go's poller twice: once for the answer, and once because a socket that
// was read from can be written to again. They cost a tenth less CPU time a request.
type Slot struct {
	worker *Worker
	index  int
	out    *pipe         // requests
	in     *pipe         // answers
	files  *net.UnixConn // descriptors, both ways
	meter  *os.File      // what the kernel counts of the thread; nil: nothing
	thread int           // as the kernel calls it; 0: nobody knows, or its policy is not ours to change

	givesWay bool // see GiveWay

	buf        []byte // buf[r:w] is read and not used yet
	r, w       int
	chunkLeft  int // bytes of the current CHUNK that are not read yet
	chunkFlags python.Flags
	sent       uint32      // requests so far
	current    uint32      // the one of them that runs, or ran last
	room       int         // bytes that fit into the pipe of requests when it is empty
	batch      []byte      // memory for several requests in one write
	sips       bool        // the last chunk was long: see until
	wide       bool        // the pipe of answers has been widened, or will not be
	recalling  bool        // a recall was not answered yet
	recalled   chan uint32 // what the worker says to it: the last request that has begun

	interrupted chan python.Interrupted // what the worker says to an interrupt

	waking sync.Mutex // for woken, and for the deadline of in together with it
	woken  bool       // Receive is to return ErrWoken

	mu      sync.Mutex // for what follows, which the supervisor reads when the process has ended
	begun   uint64     // requests so far
	serving *python.Request
	left    Serving // what the thread still does for a request whose memory is not ours any more
	since   time.Time
	overdue bool      // its deadline has passed
	back    time.Time // the end of the last one
	last    Serving   // what was running when the worker died
	closed  bool
	large   *spool.Budget // that the room of a wide pipe was taken from, or nil
}

// Serving says what a thread was doing.
type Serving struct {
	Method, Target, RequestID string
	Age                       time.Duration
}

func newSlot(w *Worker, index int, out, in *os.File, files *net.UnixConn) *Slot {
	return &Slot{
		worker: w, index: index, out: newOut(out), in: newIn(in), files: files, room: pipeRoom(out),
		buf: python.NewPayload(), recalled: make(chan uint32, 1), interrupted: make(chan python.Interrupted, 1),
	}
}

// Worker returns the process that the slot's thread belongs to.
func (s *Slot) Worker() *Worker { return s.worker }

// Index returns the thread's number in its process, from 0.
func (s *Slot) Index() int { return s.index }

// Send gives the thread a request. It blocks only for requests larger than a pipe. An error means that the worker has
// died and the request has not begun.
func (s *Slot) Send(req *python.Request, deadline time.Time) error {
	s.current = s.sent
	s.sent++
	s.Begin(req)
	return s.write(req.Frame(), deadline)
}

// BatchSize bounds what SendAll may be given, in bytes: what the worker reads in one piece, and what fits into the pipe. A
// thread answers while it still reads a batch, so a write that waited for it could wait for ever.
func (s *Slot) BatchSize() int { return min(python.MaxBatch, s.room) }

// Fits reports whether an idle thread can be given so many bytes of requests without a wait.
func (s *Slot) Fits(size int) bool { return size <= s.room }

// SendAll gives the thread several requests at once, in their order; see BatchSize for what may be sent so. The
// caller says by Begin which of them is running. The answers to those that are not repeatable are not held back.
func (s *Slot) SendAll(reqs []*python.Request, repeatable func(*python.Request) bool, deadline time.Time) error {
	b := s.batch[:0]
	for _, req := range reqs {
		flags := python.Flags(0)
		if !repeatable(req) {
			flags = python.FlagOnce
		}
		b = python.AppendWith(b, req.Frame(), flags)
	}
	s.batch = b
	s.current = s.sent
	s.sent += uint32(len(reqs))
	return s.write(b, deadline)
}

func (s *Slot) write(b []byte, deadline time.Time) error {
	if len(b) > smallFrame { // errors are those of a closed pipe, as Write will say
		_ = s.out.SetWriteDeadline(deadline)
		defer func() { _ = s.out.SetWriteDeadline(time.Time{}) }() // it is over for the next ones, which set none
	}
	if _, err := s.out.Write(b); err != nil {
		return s.died("send a request", err)
	}
	return nil
}

// leastPipeRoom is a page, which every pipe has.
const leastPipeRoom = 4 << 10

// smallFrame always fits into an empty pipe.
const smallFrame = leastPipeRoom

// SendFile passes the descriptor of a request's body, when the thread has asked for it by WANT.
func (s *Slot) SendFile(f *os.File) error {
	if _, _, err := s.files.WriteMsgUnix([]byte{0}, rightsOf(f), nil); err != nil {
		return s.died("send a body", err)
	}
	return nil
}

// RefuseFile answers a WANT whose request is over: its file may be closed.
func (s *Slot) RefuseFile() error {
	if _, err := s.files.Write([]byte{0}); err != nil {
		return s.died("refuse a body", err)
	}
	return nil
}

// ReceiveFile returns the file that the thread has sent ahead of a HEAD with python.FlagFile. The caller closes it.
func (s *Slot) ReceiveFile() (*os.File, error) {
	if err := s.files.SetReadDeadline(time.Now().Add(controlTimeout)); err != nil {
		return nil, s.died("receive a file", err)
	}
	file, err := receiveFile(s.files)
	if err != nil {
		return nil, s.died("receive a file", err)
	}
	return file, nil
}

// Begin says that the next of the requests that were sent runs now: for Cancel, and for the log should the worker die.
func (s *Slot) Begin(req *python.Request) {
	s.current++
	s.mu.Lock()
	s.serving, s.since, s.overdue = req, time.Now(), false
	s.begun++
	s.mu.Unlock()
	s.worker.wear.add()
}

// Leave says that the request's memory may be used again, while the thread still runs it: it sends the rest of its answer,
// or does not come back.
func (s *Slot) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		s.left, s.serving = s.servingLocked(), nil
	}
}

// Finish says that the thread is back, since when; the request's memory may be used again.
func (s *Slot) Finish(since time.Time) {
	s.mu.Lock()
	s.serving, s.back = nil, since
	if s.left.Method != "" {
		s.left = Serving{}
	}
	s.mu.Unlock()
}

// Receive returns the next frame from the thread, or ErrDeadline, or ErrWoken. A CHUNK may come as several, each with a piece of the
// payload. The payload is valid until the next Receive, or, after TakeBuffer, as long as the caller wants.
func (s *Slot) Receive(deadline time.Time) (python.Frame, error) {
	if s.chunkLeft > 0 {
		return s.chunk(deadline)
	}
	if err := s.fill(python.HeadSize, deadline); err != nil {
		return python.Frame{}, err
	}
	head, err := python.ParseHead(s.buf[s.r:])
	if err != nil {
		return python.Frame{}, s.died("read a frame", err)
	}
	s.widen(python.HeadSize + head.Length)
	if head.Kind == python.KindChunk {
		s.sips = head.Length >= longChunk
		s.r += python.HeadSize
		s.chunkLeft, s.chunkFlags = head.Length, head.Flags
		return s.chunk(deadline)
	}
	if err := s.fill(python.HeadSize+head.Length, deadline); err != nil {
		return python.Frame{}, err
	}
	s.sips = s.sips && head.Kind != python.KindResponse
	payload := s.buf[s.r+python.HeadSize : s.r+python.HeadSize+head.Length]
	s.r += python.HeadSize + head.Length
	return python.Frame{Kind: head.Kind, Flags: head.Flags, Payload: payload}, nil
}

// Shared returns the piece of the body that a SHARED says to be in the slot's area. It is the caller's until Taken, and
// for as long as the slot lives.
func (s *Slot) Shared(frame python.Frame) ([]byte, error) {
	size, err := python.ParseShared(frame.Payload)
	if err == nil && (s.worker.areas == nil || size == 0 || size > s.worker.areas.size) {
		err = fmt.Errorf("%d bytes are not shared with it", size)
	}
	if err != nil {
		return nil, s.Broken(err)
	}
	return s.worker.areas.of(s.index, len(s.worker.slots))[:size], nil
}

// Taken says that the piece of a SHARED is not needed any more.
func (s *Slot) Taken() {
	if s.worker.areas != nil {
		s.worker.areas.taken(s.index)
	}
}

// AtHand reports whether something of the next frame is here already, so that it will not be long until it has come.
func (s *Slot) AtHand() bool { return s.Behind() > python.HeadSize }

// Behind returns how many bytes are here already behind what Receive returned last.
func (s *Slot) Behind() int { return s.w - s.r }

// Unread returns how many bytes of the CHUNK that Receive returned last were not read yet.
func (s *Slot) Unread() int { return s.chunkLeft }

// InHand returns how many more answers are here already, behind the one that Receive returned last: whole ones, in one
// frame each, after which the thread is free.
func (s *Slot) InHand() (n int) {
	if s.chunkLeft > 0 {
		return 0
	}
	for at := s.r; s.w-at >= python.HeadSize; n++ {
		head, err := python.ParseHead(s.buf[at:s.w])
		if at += python.HeadSize + head.Length; err != nil || at > s.w || !head.Whole() {
			break
		}
	}
	return n
}

func (s *Slot) chunk(deadline time.Time) (python.Frame, error) {
	if err := s.fill(min(1, s.chunkLeft), deadline); err != nil {
		return python.Frame{}, err
	}
	n := min(s.w-s.r, s.chunkLeft)
	piece := s.buf[s.r : s.r+n]
	s.r += n
	s.chunkLeft -= n
	return python.Frame{Kind: python.KindChunk, Flags: s.chunkFlags, Payload: piece}, nil
}

// fill reads until n bytes are there.
func (s *Slot) fill(n int, deadline time.Time) error {
	if s.w-s.r >= n {
		return nil
	}
	s.makeRoom(n)
	if err := s.await(deadline); err != nil {
		return err
	}
	for s.w-s.r < n {
		got, err := s.in.Read(s.buf[s.w:s.until(n)])
		s.w += got
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && s.isWoken():
			return ErrWoken
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ErrDeadline
		case err != nil:
			return s.died("read a frame", err)
		}
	}
	return nil
}

// until returns where in the buffer to stop reading when n bytes are needed: at its end, but of a thread whose last chunk
// was long, the next may be so, too. What of it stays in the pipe can be sent without a copy.
func (s *Slot) until(n int) int {
	if s.sips && s.chunkLeft == 0 {
		return min(len(s.buf), s.r+max(n, sip))
	}
	return len(s.buf)
}

const (
	// longChunk is how long a chunk has to be for little to be read of the next.
	longChunk = 64 << 10
	// sip has room for the head of most answers.
	sip = 2 << 10
)

// makeRoom moves what is there to the start of the buffer, and grows it if n bytes do not fit.
func (s *Slot) makeRoom(n int) {
	if s.r == s.w {
		s.r, s.w = 0, 0
	}
	if n <= len(s.buf)-s.r {
		return
	}
	old := s.buf
	if n > len(s.buf) {
		s.buf = make([]byte, n)
	}
	s.w = copy(s.buf, old[s.r:s.w])
	s.r = 0
	if len(s.buf) != len(old) {
		python.FreePayload(old)
	}
}

// TakeBuffer makes the caller the owner of the buffer that the last frame's payload is a part of; it goes back by
// python.FreePayload, or with the response parsed from it.
func (s *Slot) TakeBuffer() []byte {
	taken := s.buf
	s.buf = python.NewPayload()
	if left := s.w - s.r; left > len(s.buf) {
		s.buf = make([]byte, left)
	}
	s.w = copy(s.buf, taken[s.r:s.w])
	s.r = 0
	return taken
}

// Cancel tells the thread that nobody waits for the rest of its answer. It does not wait for it to stop.
func (s *Slot) Cancel() {
	s.worker.send(python.CancelFrame(s.index, s.current))
}

// Recall takes back what the thread was given and has not begun, and returns how many of the requests that were sent are
// not in its hands any more, counted from the last: they may be given to another. It waits for the worker's main thread,
// which needs the GIL for a moment. The error is ErrDeadline if there is no answer after that time. It may still come:
// until the next call has received it, nobody knows whether the thread will run them, and no other batch may be sent.
func (s *Slot) Recall(wait time.Duration) (int, error) {
	if !s.recalling {
		s.worker.send(python.RecallFrame(s.index, s.sent))
		s.recalling = true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case begun := <-s.recalled:
		s.recalling = false
		return int(s.sent - begun), nil
	case <-s.worker.exited:
		return 0, s.died("recall requests", io.EOF)
	case <-timer.C:
		return 0, ErrDeadline
	}
}

// Begun returns for how many requests the application was called before the worker died: of the one that runs and those
// that were sent behind it. The others may be run by another worker, whatever they are. It waits for the end of the
// process, up to settling: a thread whose stream alone has ended may still begin them. known is false if the process has
// not ended by then.
func (s *Slot) Begun() (n int, known bool) {
	if s.worker.marks == nil || !s.worker.endsWithin(settling) {
		return 0, false
	}
	return max(0, int(int32(s.worker.marks.of(s.index)-s.current)+1)), true
}

// Recalling reports whether a recall was not answered yet.
func (s *Slot) Recalling() bool { return s.recalling }

// Broken says that the thread has sent what nobody understands. It returns the error for whoever waits for an answer.
func (s *Slot) Broken(err error) error { return s.died("understand an answer", err) }

// died keeps what was running for the supervisor's log line and wraps err.
func (s *Slot) died(doing string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.servingLocked(); now.Method != "" {
		s.last, s.serving, s.left = now, nil, Serving{}
	}
	cause := ErrWorkerDied
	if s.worker.killed.Load() {
		cause = ErrWorkerKilled
	}
	return fmt.Errorf("%w: %s on thread %d of worker %d: %w", cause, doing, s.index, s.worker.id, err)
}

// Serving returns what the thread runs, or ran when the worker died, and whether there is such a thing.
func (s *Slot) Serving() (Serving, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.servingLocked(); now.Method != "" {
		return now, true
	}
	return s.last, s.last.Method != ""
}

// servingLocked returns what the thread does now. Its method is empty if that is nothing.
func (s *Slot) servingLocked() Serving {
	now := s.left
	if s.serving != nil {
		now = Serving{Method: s.serving.Method, Target: string(s.serving.Target), RequestID: string(s.serving.ID)}
	}
	now.Age = time.Since(s.since)
	return now
}

// requests returns how many the thread has been given.
func (s *Slot) requests() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// answered reports whether the thread has come back from a request.
func (s *Slot) answered() bool {
	_, busy := s.Serving()
	n := s.requests()
	return n > 1 || n == 1 && !busy
}

func (s *Slot) close() {
	s.narrow()
	_ = s.out.Close() // the process has ended
	_ = s.in.Close()
	_ = s.files.Close()
	if s.meter != nil {
		_ = s.meter.Close() // only read from
	}
}
