package spool

import (
	"io"
	"os"
)

// Batch is what was taken out of a spool, to be sent as it is: bytes in memory, or a part of its file. The zero value is
// ready, and is used again by the next Take.
type Batch struct {
	// Vectors are the bytes in memory, the oldest first. The caller may change the slices, not what is in them.
	Vectors [][]byte
	// File is set where it is Size bytes from Offset of a file instead. Its own position counts for nothing.
	File   *os.File
	Offset int64
	// Size is how many bytes it is; 0: there was nothing.
	Size int64

	pieces  *piece // that Vectors lie in
	granted int64  // what they have of the budget
}

// maxTake is how many pieces one batch has at most. It bounds what a client that stops to read holds beside the spool.
const maxTake = 16

// maxTakeFile is how much of the file one batch has at most.
const maxTakeFile = 1 << 20

// Take takes what waits, without waiting for more. Where nothing does it blocks until something comes, if wait says so,
// else it takes nothing. At the end it returns io.EOF if the body is whole, else the error given to End. It is for the
// reader, who gives each batch back by Release before the next Take, and does not also call Read.
func (s *Spool) Take(b *Batch, wait bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*b = Batch{Vectors: b.Vectors[:0]}
	for {
		switch {
		case s.closed:
			return os.ErrClosed
		case !s.memory.empty():
			s.takeMemory(b)
			return nil
		case s.disk.waits() > 0:
			s.takeFile(b)
			return nil
		case s.ended && s.err != nil:
			return s.err
		case s.ended:
			return io.EOF
		case !wait:
			return nil
		}
		s.await()
	}
}

func (s *Spool) takeMemory(b *Batch) {
	last := &b.pieces
	for n := 0; n < maxTake && !s.memory.empty(); n++ {
		p := s.memory.detach()
		if !s.memory.empty() { // the only one of a spool is its own
			b.granted += PieceSize
		}
		b.Vectors = append(b.Vectors, p.data[p.start:p.end])
		b.Size += int64(p.end - p.start)
		*last, last = p, &p.next
	}
	s.change.Broadcast()
}

func (s *Spool) takeFile(b *Batch) {
	b.File, b.Offset = s.disk.file, s.disk.read%s.limits.File
	b.Size = min(s.disk.waits(), s.limits.File-b.Offset, maxTakeFile)
	s.lent = true
}

// Release gives back what was taken. It is called once for each Take, after which nothing of the batch may be used.
func (s *Spool) Release(b *Batch) {
	if b.File != nil {
		s.releaseFile(b.Size)
	}
	for p := b.pieces; p != nil; {
		next := p.next
		p.free()
		p = next
	}
	if b.granted > 0 {
		s.limits.Budget.Give(b.granted)
	}
	clear(b.Vectors)
	*b = Batch{Vectors: b.Vectors[:0]}
}

func (s *Spool) releaseFile(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent = false
	s.readFile(size)
	s.releaseIfDone()
}
