package access

import (
	"fmt"
	"io"
	"os"

	"forebay/config"
)

// Stdout is the standard output, for a log that goes there.
type Stdout struct {
	io.Writer
	// Terminal says that people read it, and Color that they want colours.
	Terminal, Color bool
}

// Target is where lines go, which requests have one, and what it looks like: open, and ready to be used.
type Target struct {
	cfg    config.Log
	filter *filter
	style  style
	out    io.Writer // nil: nowhere
	closer io.Closer // the same, if it is to be closed
	made   *os.File  // the same, if it was not there before
}

// Prepare opens the target of a configuration; see config.Log. The caller gives it to Use, or closes it.
func (l *Log) Prepare(cfg config.Log) (*Target, error) {
	style, err := newStyle(cfg.AccessFormat, l.stdout, cfg.Access == "-")
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	t := &Target{cfg: cfg, filter: newFilter(cfg), style: style}
	switch {
	case cfg.Access == "":
		return t, nil
	case cfg.Access == "-":
		t.out = l.stdout.Writer
		return t, nil
	case config.IsSyslog(cfg.Access):
		err = t.openSyslog()
	default:
		err = t.openFile()
	}
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return t, nil
}

func (t *Target) openFile() error {
	const flags, mode = os.O_APPEND | os.O_CREATE | os.O_WRONLY, 0o640
	file, err := os.OpenFile(t.cfg.Access, flags|os.O_EXCL, mode)
	if err == nil {
		t.made = file
	} else if file, err = os.OpenFile(t.cfg.Access, flags, mode); err != nil {
		return err
	}
	t.out, t.closer = file, file
	return nil
}

func (t *Target) openSyslog() error {
	cfg, err := config.ParseSyslog(t.cfg.Access)
	if err != nil {
		return err
	}
	w, err := newSyslog(cfg)
	if err != nil {
		return err
	}
	t.out, t.closer = w, w
	return nil
}

// Use has all lines from now on go to another target. It does not wait until those before are written; the target of
// those is then closed. The target is the log's now.
func (l *Log) Use(t *Target) {
	l.mu.Lock()
	if t.out != nil {
		l.resize(int(t.cfg.AccessBuffer))
	}
	unused := l.next
	if unused == nil {
		l.before = len(l.lines)
	}
	l.next, l.latest = t, t
	if t.out == nil {
		l.filter.Store(nil)
	} else {
		l.filter.Store(t.filter)
	}
	l.mu.Unlock()
	_ = unused.Close() // nothing was written to it
	signal(l.some)
}

// resize makes room for lines. A buffer that is in use is replaced when it has been written.
func (l *Log) resize(size int) {
	l.size = size
	if l.lines == nil {
		l.lines, l.spare = l.empty(nil), l.empty(nil)
	}
}

// empty returns the buffer without its lines, or another one if it is not of the right size.
func (l *Log) empty(buffer []byte) []byte {
	if room := l.size + missedMax; cap(buffer) != room && l.size > 0 {
		return make([]byte, 0, room)
	}
	return buffer[:0]
}

// Reopen opens the file again under its name, for a tool that has given the old one another name. If that fails the log
// goes on as it was. A log that is no file stays as it is.
func (l *Log) Reopen() error {
	l.mu.Lock()
	cfg := l.latest.cfg
	l.mu.Unlock()
	t, err := l.Prepare(cfg)
	if err != nil {
		return err
	}
	l.Use(t)
	return nil
}

// Give makes a file that Open has made another user's, who is to open it again. One that was there before is left as it is:
// who may write to its directory could have had it lead anywhere. It is for the time before Run.
func (l *Log) Give(uid, gid int) error {
	if l.target.made == nil {
		return nil
	}
	if err := l.target.made.Chown(uid, gid); err != nil {
		return fmt.Errorf("access log: %w", err)
	}
	return nil
}

// turnTo takes another target. It is the writer's.
func (l *Log) turnTo(next *Target) {
	if l.torn {
		_, _ = l.target.out.Write(newline) // that the last write was cut short is counted already
		l.torn = false
	}
	_ = l.target.Close() // each write to it has had its own error
	l.target = next
}

// Close closes what is to be closed.
func (t *Target) Close() error {
	if t == nil || t.closer == nil {
		return nil
	}
	return t.closer.Close()
}
