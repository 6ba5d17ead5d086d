package access

import (
	"fmt"
	"io"
	"os"
)

// Target is where lines go: open, and ready to be used.
type Target struct {
	dest string
	out  io.Writer // nil: nowhere
	file *os.File  // the same, if it is to be closed
}

// Prepare opens a target; see Open for dest. The caller gives it to Use, or closes it.
func (l *Log) Prepare(dest string) (*Target, error) {
	switch dest {
	case "":
		return &Target{}, nil
	case "-":
		return &Target{dest: dest, out: l.stdout}, nil
	}
	file, err := os.OpenFile(dest, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return &Target{dest, file, file}, nil
}

// Use has all lines go to another target that are not written yet. It does not wait for that; the file before it is then
// closed. The target is the log's now.
func (l *Log) Use(t *Target) {
	l.mu.Lock()
	if t.out != nil && !l.room {
		l.lines, l.spare = make([]byte, 0, bufferSize+missedMax), make([]byte, 0, bufferSize+missedMax)
		l.room = true
	}
	unused := l.next
	l.next, l.dest = t, t.dest
	l.enabled.Store(t.out != nil)
	l.mu.Unlock()
	_ = unused.Close() // nothing was written to it
	signal(l.some)
}

// Reopen opens the file again under its name, for a tool that has given the old one another name. If that fails the log
// goes on as it was. A log that is no file stays as it is.
func (l *Log) Reopen() error {
	l.mu.Lock()
	dest := l.dest
	l.mu.Unlock()
	t, err := l.Prepare(dest)
	if err != nil {
		return err
	}
	l.Use(t)
	return nil
}

// turnTo takes another target. It is the writer's.
func (l *Log) turnTo(next *Target) {
	if l.torn {
		_, _ = l.target.out.Write([]byte{'\n'}) // that the last write was cut short is counted already
		l.torn = false
	}
	_ = l.target.Close() // each write to it has had its own error
	l.target = next
}

// Close closes the file, if there is one.
func (t *Target) Close() error {
	if t == nil || t.file == nil {
		return nil
	}
	return t.file.Close()
}
