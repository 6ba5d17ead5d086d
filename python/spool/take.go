package spool

import (
	"io"
	"os"
)

// Batch is what was taken out of a spool, to be sent as it is. The zero value is ready, and is used again by the next Take.
//
// What waits in the file is read into memory for it. The file is not for sendfile(2): the kernel sends its pages, and not
// what was in them at the time of the call, and until the peer has read them (on the loopback interface; elsewhere until it
// has acknowledged them) the writer may have come round to them again.
type Batch struct {
	// Vectors are the bytes, the oldest first. The caller may change the slices, not what is in them.
	Vectors [][]byte
	// Size is how many bytes they are; 0: there was nothing.
	Size int64
	// More, if it is not nil, is what comes behind them and is to be sent as well. Such a batch is lent: it is given back by
	// Repay.
	More Source

	first, last *piece // that Vectors lie in
	granted     int64  // what they have of the budget
}

// maxTake is how many pieces one batch has at most. It bounds what a client that stops to read holds beside the spool.
const maxTake = 16

func (b *Batch) add(p *piece) {
	if b.first == nil {
		b.first = p
	} else {
		b.last.next = p
	}
	b.last = p
	b.Vectors = append(b.Vectors, p.data[p.start:p.end])
	b.Size += int64(p.end - p.start)
}

// Take takes what waits, without waiting for more. Where nothing does it blocks until something comes, if wait says so or
// it is expected, else it takes nothing. At the end it returns io.EOF if the body is whole, else the error given to End. It is for the
// reader, who gives each batch back by Release (or Repay) before the next Take, and does not also call Read.
func (s *Spool) Take(b *Batch, wait bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*b = Batch{Vectors: b.Vectors[:0]}
	s.decideToRead()
	for {
		switch {
		case s.closed:
			return os.ErrClosed
		case !s.memory.empty():
			s.takeMemory(b)
			return nil
		case s.disk.waits() > 0:
			return s.takeFile(b)
		case s.ended && s.err != nil:
			return s.err
		case s.ended:
			return io.EOF
		case s.takeLoan(b):
			return nil
		case !wait && !s.coming:
			return nil
		}
		s.await()
	}
}

func (s *Spool) takeMemory(b *Batch) {
	for n := 0; n < maxTake && !s.memory.empty(); n++ {
		p := s.memory.detach()
		if !s.memory.empty() { // the only one of a spool is its own
			b.granted += PieceSize
		}
		b.add(p)
	}
	s.change.Broadcast()
}

// takeFile reads what waits in the file, as far as the budget has memory for it: a piece at least. The lock is let go while
// the disk works; the writer does not come to what is read until that has been noted.
func (s *Spool) takeFile(b *Batch) error {
	file, at, waits := s.disk.file, s.disk.read, s.disk.waits()
	s.lent = true
	s.mu.Unlock()
	var err error
	for n := 0; n < maxTake && b.Size < waits && err == nil; n++ {
		if n > 0 {
			if !s.limits.Budget.Take(PieceSize) {
				break
			}
			b.granted += PieceSize
		}
		p := pieces.Get().(*piece)
		place := (at + b.Size) % s.limits.File
		size := min(int64(len(p.data)), waits-b.Size, s.limits.File-place)
		p.end, err = file.ReadAt(p.data[:size], place)
		b.add(p)
	}
	s.mu.Lock()
	s.lent = false
	s.readFile(b.Size)
	s.releaseIfDone()
	switch {
	case s.closed:
		err = os.ErrClosed
	case b.Size > 0:
		return nil
	case err == io.EOF: // to the caller this would mean that the body is whole
		err = io.ErrUnexpectedEOF
	}
	s.Release(b)
	return err
}

// Release gives back what was taken. It is called once for each Take that gave no error, after which nothing of the batch
// may be used.
func (s *Spool) Release(b *Batch) {
	for p := b.first; p != nil; {
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
