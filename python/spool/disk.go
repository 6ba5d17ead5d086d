package spool

import (
	"io"
	"os"
)

// disk is the part of a spool that is not in memory: a ring in a file.
type disk struct {
	file  *os.File // nil until needed
	read  int64    // bytes read so far
	end   int64    // bytes written so far
	claim int64    // where the write that goes on now will end
	freed int64    // bytes whose blocks were given back so far
	bad   bool     // the disk has failed; it is not tried again
}

// freeStep is how much is read of a file before its blocks are given back to the disk. A client that is a little slower
// than the application would otherwise walk round the whole ring.
const freeStep = 1 << 20

func (d *disk) waits() int64 { return d.end - d.read }

func (s *Spool) roomInFile() int64 {
	if s.disk.bad {
		return 0
	}
	return s.limits.File - s.disk.waits()
}

// toFile writes p up to the ring's end, as far as there is room, and returns how much that was; 0 means that the disk has
// failed. The lock is let go while the disk works: only the writer touches the part of the file that is written here.
func (s *Spool) toFile(p []byte) int {
	if s.disk.waits() == 0 { // the blocks at the file's beginning are used again
		s.disk.read, s.disk.end, s.disk.freed = 0, 0, 0
	}
	at := s.disk.end % s.limits.File
	n := min(int64(len(p)), s.roomInFile(), s.limits.File-at)
	s.disk.claim = s.disk.end + n
	file := s.disk.file
	s.mu.Unlock()
	var err error
	if file == nil {
		file, err = TempFile(s.limits.Dir)
	}
	if err == nil {
		_, err = file.WriteAt(p[:n], at)
	}
	if err != nil && s.limits.Failed != nil {
		s.limits.Failed(err)
	}
	s.mu.Lock()
	s.disk.file = file
	s.change.Broadcast()
	if err != nil {
		s.disk.bad = true
		return 0
	}
	s.disk.end += n
	return int(n)
}

func (s *Spool) fromFile(p []byte) (int, error) {
	at := s.disk.read % s.limits.File
	n := min(int64(len(p)), s.disk.waits(), s.limits.File-at)
	file := s.disk.file
	s.mu.Unlock()
	got, err := file.ReadAt(p[:n], at)
	s.mu.Lock()
	switch {
	case got > 0:
		err = nil
	case err == io.EOF: // to the caller this would mean that the body is whole
		err = io.ErrUnexpectedEOF
	}
	s.readFile(int64(got))
	return got, err
}

// readFile notes that so much of the file was read: there is room for the writer.
func (s *Spool) readFile(size int64) {
	s.disk.read += size
	if s.disk.read-s.disk.freed >= freeStep && !s.closed {
		s.freeBlocks()
	}
	s.change.Broadcast()
}

// freeBlocks gives the blocks of what has been read back to the disk, unless the writer has come round to them. It keeps
// the lock, so that the writer does not come now: the call makes a note in memory and waits for no disk.
func (s *Spool) freeBlocks() {
	from, to := s.disk.freed, s.disk.read
	s.disk.freed = to
	if s.disk.claim-from > s.limits.File {
		return
	}
	at, n := from%s.limits.File, to-from
	first := min(n, s.limits.File-at)
	punch(s.disk.file, at, first)
	if n > first {
		punch(s.disk.file, 0, n-first)
	}
}
