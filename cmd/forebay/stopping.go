package main

import (
	"context"
	"sync/atomic"
	"time"
)

// stopping is the way of a stop: at first nothing is taken on any more, and at last nothing is waited for.
type stopping struct {
	begun context.Context // ends when a stop was asked for
	over  context.Context // ends when what is left is cut
	begin context.CancelFunc
	cut   context.CancelFunc
	grace atomic.Int64 // the time between the two of a stop in good order, in nanoseconds
}

// fastStop is that of a fast one.
const fastStop = time.Second

func newStopping(grace time.Duration) *stopping {
	s := &stopping{}
	s.begun, s.begin = context.WithCancel(context.Background())
	s.over, s.cut = context.WithCancel(context.Background())
	s.setGrace(grace)
	return s
}

// setGrace changes graceful_timeout, for a stop that has not begun.
func (s *stopping) setGrace(grace time.Duration) { s.grace.Store(int64(grace)) }

// drain begins a stop in good order.
func (s *stopping) drain() { s.within(time.Duration(s.grace.Load())) }

// hurry begins a fast stop, or makes the one that goes on fast.
func (s *stopping) hurry() { s.within(min(fastStop, time.Duration(s.grace.Load()))) }

func (s *stopping) within(grace time.Duration) {
	s.begin()
	time.AfterFunc(grace, s.cut) // whichever comes first counts
}

// asked reports whether a stop was asked for.
func (s *stopping) asked() bool { return s.begun.Err() != nil }

// release ends both contexts.
func (s *stopping) release() {
	s.begin()
	s.cut()
}
