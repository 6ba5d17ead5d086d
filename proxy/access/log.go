// Package access writes the access log: one line for each request, in an order near to that of the answers.
//
// It promises that a request never waits for the log. Lines go into a buffer of bounded size, and one goroutine takes
// it away and writes it. When the log's reader or its disk is too slow, or fails, lines are dropped and counted, and
// the count is logged when the log can be written again. No client can forge a line or a part of one.
package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// bufferSize is how many bytes of lines wait to be written. There are two such buffers: one is filled while the
	// other one is written.
	bufferSize = 1 << 20
	// missedMax is room beyond that for the line that tells of dropped ones.
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
	stdout  io.Writer
	enabled atomic.Bool

	// target is where lines go. It is the writer's own, which takes the next one from below.
	target *Target
	torn   bool // the last write ended within a line

	// mu is held while a line is made in the buffer, which takes less than half a microsecond and never waits for
	// anything. That is cheaper than making it elsewhere and copying it, and far from being felt at the rates at which
	// one machine answers.
	mu     sync.Mutex
	dest   string  // of the target that was given last
	next   *Target // to be taken by the writer, or nil
	lines  []byte  // to be written
	spare  []byte  // of the same capacity, empty
	room   bool    // both have been made
	missed int     // lines dropped that no line tells of yet
	dates  dateCache

	some chan struct{} // there are lines where there were none, or another target
	many chan struct{} // the buffer is half full
}

// Open opens the log. dest is "-" for stdout, the path of a file that is made or appended to, or empty: then all lines
// are dropped at no cost. Nothing is written before Run.
func Open(dest string, stdout io.Writer) (*Log, error) {
	l := &Log{stdout: stdout, some: make(chan struct{}, 1), many: make(chan struct{}, 1)}
	target, err := l.Prepare(dest)
	if err != nil {
		return nil, err
	}
	l.Use(target)
	l.target, l.next = l.next, nil // there is no writer yet
	<-l.some
	return l, nil
}

// Enabled reports whether lines go anywhere. If not, a caller need not gather what an Entry wants.
func (l *Log) Enabled() bool { return l.enabled.Load() }

// Write adds the line of e. It does not block, does not allocate and keeps nothing of e. When the buffer has no room
// for the longest line there can be, this one is dropped.
func (l *Log) Write(e *Entry) {
	if !l.enabled.Load() {
		return
	}
	l.mu.Lock()
	before := len(l.lines)
	if bufferSize-before < lineMax {
		l.missed++
		l.mu.Unlock()
		return
	}
	l.lines = appendLine(l.lines, e, &l.dates)
	after := len(l.lines)
	l.mu.Unlock()

	if before == 0 {
		signal(l.some)
	}
	if before < bufferSize/2 && after >= bufferSize/2 {
		signal(l.many)
	}
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
	next := l.next
	l.next = nil
	l.mu.Unlock()
	if next != nil {
		l.turnTo(next)
	}

	told := len(lines)
	if missed > 0 {
		lines = appendMissed(lines, missed)
	}
	n, err := l.put(lines)
	if err != nil {
		missed += bytes.Count(lines[min(n, told):told], []byte{'\n'})
	} else {
		missed = 0
	}

	l.mu.Lock()
	l.spare = lines[:0]
	l.missed += missed
	l.mu.Unlock()
	return err
}

// put writes lines to where they go, and reports how many bytes of them were written. It first ends a line that an
// earlier write has torn.
func (l *Log) put(lines []byte) (int, error) {
	if len(lines) == 0 || l.target == nil || l.target.out == nil {
		return 0, nil
	}
	if l.torn {
		if _, err := l.target.out.Write([]byte{'\n'}); err != nil {
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

// appendMissed appends the line that tells how many lines there are not. It begins as no entry does.
func appendMissed(dst []byte, missed int) []byte {
	dst = append(dst, "# "...)
	dst = strconv.AppendInt(dst, int64(missed), 10)
	return append(dst, " lines dropped: the log could not be written\n"...)
}

// Close closes the file. It is called once, after Run has returned.
func (l *Log) Close() error {
	l.mu.Lock()
	next := l.next
	l.mu.Unlock()
	return errors.Join(l.target.Close(), next.Close())
}
