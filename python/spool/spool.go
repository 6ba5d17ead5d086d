// Package spool holds a body between one writer and one reader of different speed: the application's thread and the
// client. What is written is readable at once; what waits is held in memory up to a bound, then in an unlinked temporary
// file up to another, and only when that is full, too, does the writer wait.
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
	Memory int64  // bytes held in memory; at least 1
	File   int64  // bytes held in the file; 0 means no file
	Dir    string // where the file is made; empty means the system's choice
}

// Spool is a bounded first-in-first-out of bytes. One goroutine may write and another read at the same time.
//
// Bytes in memory are always older than bytes in the file: memory is filled again only when the file has been read out.
type Spool struct {
	limits Limits

	mu     sync.Mutex
	change sync.Cond // something below was changed

	memory []byte // memory[start:] waits
	start  int

	file     *os.File // a ring of limits.File bytes; nil until needed
	fileRead int64    // bytes of the file read so far
	fileEnd  int64    // bytes of the file written so far
	fileBad  bool     // the disk failed; it is not tried again

	ended  bool  // no more will be written
	err    error // how the writing ended; nil: the body is whole
	closed bool  // the reader is gone
}

// New returns an empty spool.
func New(limits Limits) *Spool {
	s := &Spool{limits: limits}
	s.change.L = &s.mu
	return s
}

// Write appends p. It blocks while the spool is full and returns ErrReaderGone when the reader has closed it. A disk that
// fails makes the spool smaller, not the body shorter: the writer then waits for room in memory.
func (s *Spool) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, err := s.writeSome(p[written:])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (s *Spool) writeSome(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return 0, ErrReaderGone
		}
		if room := s.roomInMemory(); room > 0 {
			return s.toMemory(p[:min(room, int64(len(p)))]), nil
		}
		if room := s.roomInFile(); room > 0 {
			if n := s.toFile(p[:min(room, int64(len(p)))]); n > 0 {
				return n, nil
			}
			continue // the disk has failed; meanwhile the reader may have made room, or left
		}
		s.change.Wait()
	}
}

// roomInMemory is 0 while anything waits in the file: what is in memory is older.
func (s *Spool) roomInMemory() int64 {
	if s.fileRead < s.fileEnd {
		return 0
	}
	return s.limits.Memory - int64(len(s.memory)-s.start)
}

func (s *Spool) roomInFile() int64 {
	if s.fileBad {
		return 0
	}
	return s.limits.File - (s.fileEnd - s.fileRead)
}

func (s *Spool) toMemory(p []byte) int {
	if s.start > 0 && len(s.memory)+len(p) > cap(s.memory) {
		n := copy(s.memory, s.memory[s.start:])
		s.memory, s.start = s.memory[:n], 0
	}
	s.memory = append(s.memory, p...)
	s.change.Broadcast()
	return len(p)
}

// toFile writes p up to the ring's end, for which there is room, and returns how much that was; 0 means that the disk has
// failed. The lock is let go while the disk works: only the writer touches the part of the file that is written here.
func (s *Spool) toFile(p []byte) int {
	at := s.fileEnd % s.limits.File
	n := min(int64(len(p)), s.limits.File-at)
	file := s.file
	s.mu.Unlock()
	var err error
	if file == nil {
		file, err = TempFile(s.limits.Dir)
	}
	if err == nil {
		_, err = file.WriteAt(p[:n], at)
	}
	s.mu.Lock()
	s.file = file
	s.change.Broadcast()
	if err != nil {
		s.fileBad = true
		return 0
	}
	s.fileEnd += n
	return int(n)
}

// End says that nothing more will be written: the body is whole if err is nil, else the reader gets err after what was
// written before. Only the first call counts.
func (s *Spool) End(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.err = true, err
		s.change.Broadcast()
	}
	s.releaseIfDone()
}

// Read blocks until there is something to read, and returns it without waiting for more. At the end it returns io.EOF if
// the body is whole, else the error given to End.
func (s *Spool) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, os.ErrClosed
		case s.start < len(s.memory):
			return s.fromMemory(p), nil
		case s.fileRead < s.fileEnd:
			return s.fromFile(p)
		case s.ended && s.err != nil:
			return 0, s.err
		case s.ended:
			return 0, io.EOF
		}
		s.change.Wait()
	}
}

func (s *Spool) fromMemory(p []byte) int {
	n := copy(p, s.memory[s.start:])
	if s.start += n; s.start == len(s.memory) {
		s.memory, s.start = s.memory[:0], 0
	}
	s.change.Broadcast()
	return n
}

func (s *Spool) fromFile(p []byte) (int, error) {
	at := s.fileRead % s.limits.File
	n := min(int64(len(p)), s.fileEnd-s.fileRead, s.limits.File-at)
	file := s.file
	s.mu.Unlock()
	got, err := file.ReadAt(p[:n], at)
	s.mu.Lock()
	switch {
	case got > 0:
		err = nil
	case err == io.EOF: // to the caller this would mean that the body is whole
		err = io.ErrUnexpectedEOF
	}
	s.fileRead += int64(got)
	s.change.Broadcast()
	return got, err
}

// Close is the reader's: what waits is dropped and the writer is told at its next Write. It does not block and may be
// called more than once.
func (s *Spool) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.memory, s.start = nil, 0
	s.change.Broadcast()
	s.releaseIfDone()
}

// releaseIfDone closes the file when neither side can touch it any more.
func (s *Spool) releaseIfDone() {
	if s.closed && s.ended && s.file != nil {
		_ = s.file.Close() // unlinked, and nobody reads it again
		s.file = nil
	}
}

// TempFile returns an open temporary file in dir that has no name any more.
func TempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "forebay-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the error that counts is the other
		return nil, err
	}
	return f, nil
}
