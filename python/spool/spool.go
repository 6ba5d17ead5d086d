// Package spool holds a body between one writer and one reader of different speed: the application's thread and the
// client. What is written is readable at once; what waits is held in memory up to a bound, then in an unlinked temporary
// file up to another, and only when that is full, too, does the writer wait. A Budget bounds the memory of all together.
package spool

import (
	"errors"
	"io"
	"os"
	"sync"
)

// ErrReaderGone is what Write returns after the reader has closed the spool.
var ErrReaderGone = errors.New("the reader of the spool is gone")

// Limits bound a spool.
type Limits struct {
	Memory int64   // bytes held in memory, in whole pieces of PieceSize; a spool may always hold one
	File   int64   // bytes held in the file; 0 means no file
	Dir    string  // where the file is made; empty means the system's choice
	Budget *Budget // what all pieces but each spool's first are taken from; nil means no bound
	// Failed is called when the disk fails, at most once by each spool, from Write. It may be nil.
	Failed func(error)
}

// Spool is a bounded first-in-first-out of bytes. One goroutine may write and another read at the same time.
//
// Bytes in memory are always older than bytes in the file: memory is filled again only when the file has been read out.
type Spool struct {
	limits Limits

	mu     sync.Mutex
	change sync.Cond // something below was changed

	memory memory
	disk   disk
	lent   bool // a part of the file is being read: it stays open

	ended  bool  // no more will be written
	err    error // how the writing ended; nil: the body is whole
	coming bool  // the writer has something at hand
	closed bool  // the reader is gone
	waited bool  // for by the reader

	habit habit // of the reader, with loans
	loan  loan
	slow  bool // the client does not keep up: nothing is lent

	onClose func() // nil: nobody wants to know
}

// New returns an empty spool.
func New(limits Limits) *Spool {
	s := &Spool{limits: limits}
	s.change.L = &s.mu
	return s
}

// OnClose has f called when the reader closes the spool before its end; at once if it has done so already. A writer that
// has nothing to write learns of it in this way. f is called under the spool's lock, once, and must not block. It is not
// called after End has returned.
func (s *Spool) OnClose(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
	case s.closed:
		f()
	default:
		s.onClose = f
	}
}

// Expect says that the writer has something to write at hand: Take waits for it, so that it goes together with what the
// reader sends ahead. The writer then writes, lends or ends at once.
func (s *Spool) Expect() {
	s.mu.Lock()
	s.coming = true
	s.mu.Unlock()
}

// Enough says that the reader has had all that it wants of the body. That it closes the spool then is no news for OnClose.
func (s *Spool) Enough() {
	s.mu.Lock()
	s.onClose = nil
	s.mu.Unlock()
}

// Write appends p. It blocks while the spool is full and returns ErrReaderGone when the reader has closed it. A disk that
// fails makes the spool smaller, not the body shorter: the writer then waits for room in memory.
func (s *Spool) Write(p []byte) (int, error) { return s.write(p, true) }

// WriteNow appends as much of p as there is room for without waiting for the reader, and returns how much that was.
func (s *Spool) WriteNow(p []byte) (int, error) { return s.write(p, false) }

func (s *Spool) write(p []byte, wait bool) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coming = false
	for written < len(p) {
		rest := p[written:]
		switch {
		case s.closed:
			return written, ErrReaderGone
		case s.hasMemory():
			written += s.toMemory(rest)
		case s.roomInFile() > 0:
			written += s.toFile(rest) // 0 if the disk fails; meanwhile the reader may have made room, or left
		case wait:
			s.change.Wait()
		default:
			return written, nil
		}
	}
	return written, nil
}

// hasMemory reports whether there is room in memory, for which it takes another piece if it must and may. There is none
// while anything waits in the file: what is in memory is older.
func (s *Spool) hasMemory() bool {
	if s.disk.waits() > 0 {
		return false
	}
	if s.memory.last != nil && s.roomInLast() > 0 {
		return true
	}
	if !s.memory.empty() {
		if int64(s.memory.count+1)*PieceSize > s.limits.Memory || !s.limits.Budget.Take(PieceSize) {
			return false
		}
	}
	s.memory.add()
	return true
}

// roomInLast returns how much more the last piece may hold. A bound below one piece holds, too.
func (s *Spool) roomInLast() int {
	last := s.memory.last
	return int(min(int64(len(last.data)), max(s.limits.Memory, 1))) - last.end
}

func (s *Spool) toMemory(p []byte) int {
	last := s.memory.last
	n := copy(last.data[last.end:last.end+s.roomInLast()], p)
	last.end += n
	s.change.Broadcast()
	return n
}

// End says that nothing more will be written: the body is whole if err is nil, else the reader gets err after what was
// written before. Only the first call counts.
func (s *Spool) End(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.coming, s.err, s.onClose = true, false, err, nil
		s.change.Broadcast()
	}
	s.releaseIfDone()
}

// Read blocks until there is something to read, and returns it without waiting for more. At the end it returns io.EOF if
// the body is whole, else the error given to End.
func (s *Spool) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decideToRead()
	for {
		switch {
		case s.closed:
			return 0, os.ErrClosed
		case !s.memory.empty():
			return s.fromMemory(p), nil
		case s.disk.waits() > 0:
			return s.fromFile(p)
		case s.ended && s.err != nil:
			return 0, s.err
		case s.ended:
			return 0, io.EOF
		}
		s.await()
	}
}

// await waits for the writer.
func (s *Spool) await() {
	s.slow = false // it has taken all
	s.waited = true
	s.change.Wait()
	s.waited = false
}

// Waited reports whether the reader waits for the writer now: there is nothing to read, and not the end either.
func (s *Spool) Waited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited && s.memory.empty() && s.disk.waits() == 0 && !s.ended
}

func (s *Spool) fromMemory(p []byte) (n int) {
	for n < len(p) && !s.memory.empty() {
		first := s.memory.first
		got := copy(p[n:], first.data[first.start:first.end])
		n += got
		if first.start += got; first.start == first.end {
			s.freePiece()
		}
	}
	s.change.Broadcast()
	return n
}

// freePiece frees the oldest piece and gives its memory back to the budget, unless it was the only one.
func (s *Spool) freePiece() {
	s.memory.shift()
	if !s.memory.empty() {
		s.limits.Budget.Give(PieceSize)
	}
}

// Close is the reader's: what waits is dropped and the writer is told at its next Write. It does not block and may be
// called more than once.
func (s *Spool) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for !s.memory.empty() {
		s.freePiece()
	}
	if s.disk.file != nil && !s.ended { // the writer may take long to learn of it; the disk is for others meanwhile
		_ = s.disk.file.Truncate(0)
	}
	if s.onClose != nil {
		s.onClose()
		s.onClose = nil
	}
	s.change.Broadcast()
	s.releaseIfDone()
}

// releaseIfDone closes the file when neither side can touch it any more.
func (s *Spool) releaseIfDone() {
	if s.closed && s.ended && !s.lent && s.disk.file != nil {
		_ = s.disk.file.Close() // unlinked, and nobody reads it again
		s.disk.file = nil
	}
}
