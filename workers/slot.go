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
)

// ErrWorkerDied is wrapped by the errors of a slot whose process has gone, or whose stream is broken beyond repair.
var ErrWorkerDied = errors.New("the worker died")

// ErrDeadline is what Receive returns when the deadline passed before a frame was there. The slot is still whole: the
// thread is busy and its answer will come, or not.
var ErrDeadline = os.ErrDeadlineExceeded

// Slot is the right to run one request at a time on one thread of a worker, and the socket to that thread. It belongs to
// one goroutine at a time: whoever took it.
type Slot struct {
	worker *Worker
	index  int
	conn   *net.UnixConn
	in     *receiver

	buf        []byte // buf[r:w] is read and not used yet
	r, w       int
	chunkLeft  int // bytes of the current CHUNK that are not read yet
	chunkFlags python.Flags
	file       *os.File // came with the last frame
	sent       uint32   // requests so far

	mu      sync.Mutex // for what follows, which the supervisor reads when the process has ended
	begun   uint64     // requests so far
	serving *python.Request
	since   time.Time
	last    Serving // what was running when the worker died
}

// Serving says what a thread was doing.
type Serving struct {
	Method, Target, RequestID string
	Age                       time.Duration
}

func newSlot(w *Worker, index int, conn *net.UnixConn) (*Slot, error) {
	in, err := newReceiver(conn)
	if err != nil {
		return nil, err
	}
	return &Slot{worker: w, index: index, conn: conn, in: in, buf: python.NewPayload()}, nil
}

// Worker returns the process that the slot's thread belongs to.
func (s *Slot) Worker() *Worker { return s.worker }

// Index returns the thread's number in its process, from 0.
func (s *Slot) Index() int { return s.index }

// Send gives the thread a request. It blocks only for requests larger than a socket's buffer. An error means that the
// worker has died and the request has not begun.
func (s *Slot) Send(req *python.Request, deadline time.Time) error {
	s.mu.Lock()
	s.serving, s.since = req, time.Now()
	s.begun++
	s.mu.Unlock()
	s.sent++
	frame := req.Frame()
	if len(frame) > smallFrame {
		_ = s.conn.SetWriteDeadline(deadline) // fails only on a closed socket, as Write will
	}
	_, err := s.conn.Write(frame)
	if err != nil {
		return s.died("send a request", err)
	}
	return nil
}

// smallFrame always fits an idle socket's buffer (net.core.wmem_default is 208 KiB).
const smallFrame = 64 << 10

// SendFile passes the descriptor of a request's body, when the thread has asked for it by WANT.
func (s *Slot) SendFile(f *os.File) error {
	frame := python.AppendFrame(nil, python.KindBody, 0, []byte{0})
	if _, _, err := s.conn.WriteMsgUnix(frame, rightsOf(f), nil); err != nil {
		return s.died("send a body", err)
	}
	return nil
}

// Finish says that the request is over; its memory may be used again.
func (s *Slot) Finish() {
	s.mu.Lock()
	s.serving = nil
	s.mu.Unlock()
}

// Receive returns the next frame from the thread, or ErrDeadline. A CHUNK may come as several, each with a piece of the
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
	if head.Kind == python.KindChunk {
		s.r += python.HeadSize
		s.chunkLeft, s.chunkFlags = head.Length, head.Flags
		return s.chunk(deadline)
	}
	if err := s.fill(python.HeadSize+head.Length, deadline); err != nil {
		return python.Frame{}, err
	}
	payload := s.buf[s.r+python.HeadSize : s.r+python.HeadSize+head.Length]
	s.r += python.HeadSize + head.Length
	return python.Frame{Kind: head.Kind, Flags: head.Flags, Payload: payload}, nil
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
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return s.died("read a frame", err)
	}
	for s.w-s.r < n {
		got, file, err := s.in.receive(s.buf[s.w:])
		if file != nil {
			s.dropFile()
			s.file = file
		}
		s.w += got
		switch {
		case err == nil && got == 0:
			return s.died("read a frame", io.EOF)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ErrDeadline
		case err != nil:
			return s.died("read a frame", err)
		}
	}
	return nil
}

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

// TakeFile returns the file whose descriptor came with the last frame, or nil. The caller closes it.
func (s *Slot) TakeFile() *os.File {
	f := s.file
	s.file = nil
	return f
}

func (s *Slot) dropFile() {
	if f := s.TakeFile(); f != nil {
		_ = f.Close() // nobody asked for it
	}
}

// Cancel tells the thread that nobody waits for the rest of its answer. It does not wait for it to stop.
func (s *Slot) Cancel() {
	s.worker.send(python.CancelFrame(s.index, s.sent))
}

// Broken says that the thread has sent what nobody understands. It returns the error for whoever waits for an answer.
func (s *Slot) Broken(err error) error { return s.died("understand an answer", err) }

// died keeps what was running for the supervisor's log line and wraps err.
func (s *Slot) died(doing string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		s.last = s.servingLocked()
		s.serving = nil
	}
	return fmt.Errorf("%w: %s on thread %d of worker %d: %w", ErrWorkerDied, doing, s.index, s.worker.id, err)
}

// Serving returns what the thread runs, or ran when the worker died, and whether there is such a thing.
func (s *Slot) Serving() (Serving, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving != nil {
		return s.servingLocked(), true
	}
	return s.last, s.last.Method != ""
}

func (s *Slot) servingLocked() Serving {
	return Serving{
		Method: s.serving.Method, Target: string(s.serving.Target), RequestID: string(s.serving.ID),
		Age: time.Since(s.since),
	}
}

// requests returns how many the thread has been given.
func (s *Slot) requests() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

func (s *Slot) close() {
	_ = s.conn.Close() // the process has ended
}
