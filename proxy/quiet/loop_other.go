//go:build !linux

package quiet

import "time"

// Loop watches nothing here: each connection waits in its own goroutine.
type Loop struct{ end chan struct{} }

// New makes a loop.
func New() (*Loop, error) { return &Loop{make(chan struct{})}, nil }

// Watch reports false: nothing is watched.
func (l *Loop) Watch(*Entry, time.Time, bool) bool { return false }

// WatchHangup reports false: nothing is watched.
func (l *Loop) WatchHangup(*Entry) bool { return false }

// Drop reports false: nothing is watched.
func (l *Loop) Drop(*Entry) bool { return false }

// Len is 0.
func (l *Loop) Len() int { return 0 }

// Idle is 0.
func (l *Loop) Idle() int { return 0 }

// Run returns after Close.
func (l *Loop) Run() { <-l.end }

// Alive returns at once.
func (l *Loop) Alive() {}

// Drain does nothing.
func (l *Loop) Drain() {}

// End does nothing.
func (l *Loop) End() {}

// Close ends Run.
func (l *Loop) Close() error { close(l.end); return nil }
