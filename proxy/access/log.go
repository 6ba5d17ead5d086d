// Package access writes the access log: one line for each request, in an order near to that of the answers.
//
// It promises that a request never waits for the log. Lines go into a buffer of bounded size, and one goroutine takes
// it away and writes it. When the log's reader or its disk is too slow, or fails, lines are dropped and counted, and
// the count is logged when the log can be written again. No client can forge a line or a part of one, whatever the format.
package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
)

const (
	// lineRoom is what must be left in a buffer for a line to be begun. Nearly all fit into it; one that is longer than
	// what there is left is dropped.
	lineRoom = 64 << 10
	// missedMax is room beyond the buffer for the line that tells of dropped ones.
	missedMax = 256
	// gather is the least time between two writes, unless the buffer fills: a lone line is written at once, and many
	// share a system call.
	gather = 50 * time.Millisecond
	// stopTimeout is how long Run waits at its end for a write that does not return.
	stopTimeout = 2 * time.Second
)

// errStuck says that the log's reader does not read.
var errStuck = errors.New("the last write did not return")

// Log is the access log. Its methods may be called by many goroutines at once, with one goroutine in Run.
type Log struct {
	stdout Stdout
	log    *slog.Logger
	// filter says which requests have a line; nil: none, as lines go nowhere.
	filter  atomic.Pointer[filter]
	dropped atomic.Uint64

	// target is where lines go. It is the writer's own, which takes the next one from below.
	target  *Target
	torn    bool // the last write ended within a line
	failing bool // the last write failed
	stuck   bool // Run has left a write to itself

	// mu is held while a line is made in the buffer, which takes less than a microsecond and never waits for anything.
	// That is cheaper than making it elsewhere and copying it, and far from being felt at the rates at which one machine
	// answers.
	mu     sync.Mutex
	latest *Target // the one that was given last
	next   *Target // the same, to be taken by the writer, or nil
	before int     // bytes of lines that are for the target before it
	size   int     // of the buffers: config.Log.AccessBuffer
	lines  []byte  // to be written
	spare  []byte  // the other buffer, which is filled while this one is written
	missed int     // lines dropped that no line tells of yet

	some chan struct{} // there are lines where there were none, or another target
	many chan struct{} // the buffer is half full
}

// Open opens the log: cfg.Access says where it goes, "-" being stdout. log is told when it cannot be written, and when it
// can again. Nothing is written before Run.
func Open(cfg config.Log, stdout Stdout, log *slog.Logger) (*Log, error) {
	l := &Log{stdout: stdout, log: log, some: make(chan struct{}, 1), many: make(chan struct{}, 1)}
	target, err := l.Prepare(cfg)
	if err != nil {
		return nil, err
	}
	l.Use(target)
	l.target, l.next = l.next, nil // there is no writer yet
	<-l.some
	return l, nil
}

// Enabled reports whether lines go anywhere. If not, a caller need not gather what an Entry wants.
func (l *Log) Enabled() bool { return l.filter.Load() != nil }

// Dropped is how many lines have been lost so far: there was no room for them, or they could not be written.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Write adds the line of e, if e is to have one. It does not block, does not allocate and keeps nothing of e. When the
// buffer has no room for it, it is dropped.
func (l *Log) Write(e *Entry) {
	filter := l.filter.Load()
	if filter == nil || !filter.wants(e) {
		return
	}
	l.mu.Lock()
	before, half := len(l.lines), l.size/2
	after := l.add(e)
	l.mu.Unlock()

	if before == 0 {
		signal(l.some)
	}
	if before < half && after >= half {
		signal(l.many)
	}
}

// add makes the line of e in the buffer, and returns how much there is in it.
func (l *Log) add(e *Entry) int {
	if l.size-len(l.lines) >= lineRoom {
		if lines := l.latest.style.appendEntry(l.lines, e); len(lines) <= l.size {
			l.lines = lines
			return len(lines)
		}
	}
	l.missed++
	l.dropped.Add(1)
	return len(l.lines)
}

// signal leaves one token in c.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // there is one already
	}
}

// Run writes the lines until ctx ends and all are written; lines that come later are lost. An error is that of the last
// write: earlier ones are told in the log, by the number of lines they cost.
func (l *Log) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- l.write(ctx) }() // ends with ctx, after one more write
	<-ctx.Done()
	var err error
	select {
	case err = <-ended:
	case <-time.After(stopTimeout):
		l.stuck = true
		err = errStuck
	}
	if err != nil {
		return fmt.Errorf("access log: %w", err)
	}
	return nil
}

// write is the goroutine that takes the buffers away.
func (l *Log) write(ctx context.Context) error {
	for ctx.Err() == nil {
		select {
		case <-l.some:
		case <-ctx.Done():
		}
		_ = l.flush() // what it cost is counted, and told by the next one
		select {
		case <-time.After(gather):
		case <-l.many:
		case <-ctx.Done():
		}
	}
	return l.flush()
}

// flush writes what is there. It is called by one goroutine at a time.
func (l *Log) flush() error {
	l.mu.Lock()
	lines, missed := l.lines, l.missed
	l.lines, l.spare, l.missed = l.spare, nil, 0
	next, before := l.next, l.before
	l.next = nil
	l.mu.Unlock()

	rest := lines
	if next != nil {
		n, _ := l.put(lines[:before]) // what it cost is counted
		missed += l.lost(lines[:before], n)
		l.turnTo(next)
		rest = lines[before:]
	}
	told := rest
	if missed > 0 {
		told = l.target.style.appendMissed(rest, missed)
	}
	n, err := l.put(told)
	missed += l.lost(rest, n)
	if err == nil {
		missed = 0
	}

	l.mu.Lock()
	l.spare = l.empty(lines)
	l.missed += missed
	l.mu.Unlock()
	return err
}

// lost counts the lines of which only the first n bytes have been written.
func (l *Log) lost(lines []byte, n int) int {
	count := bytes.Count(lines[min(n, len(lines)):], newline)
	l.dropped.Add(uint64(count))
	return count
}

var newline = []byte{'\n'}

// put writes lines to where they go, and reports how many bytes of them were written, all where that is nowhere.
func (l *Log) put(lines []byte) (int, error) {
	if len(lines) == 0 || l.target.out == nil {
		return len(lines), nil
	}
	n, err := l.putWhole(lines)
	switch {
	case err != nil && !l.failing:
		l.log.Warn("access log not written", "error", err)
	case err == nil && l.failing:
		l.log.Info("access log written again", "lines_dropped", l.Dropped())
	}
	l.failing = err != nil
	return n, err
}

// putWhole first ends a line that an earlier write has torn.
func (l *Log) putWhole(lines []byte) (int, error) {
	if l.torn {
		if _, err := l.target.out.Write(newline); err != nil {
			return 0, err
		}
		l.torn = false
	}
	n, err := l.target.out.Write(lines)
	if n > 0 {
		l.torn = lines[n-1] != '\n'
	}
	return n, err
}

// Close closes what lines went to, unless a write to it has not returned. It is called once, after Run has returned.
func (l *Log) Close() error {
	if l.stuck {
		return nil
	}
	l.mu.Lock()
	next := l.next
	l.mu.Unlock()
	return errors.Join(l.target.Close(), next.Close())
}
