package workers

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// entry is a line of the log. A group's attributes have its name in front of theirs.
type entry struct {
	level   slog.Level
	message string
	attrs   map[string]string
}

// logbook keeps what is logged. It is the handler of its own logger.
type logbook struct {
	t     *testing.T
	mu    *sync.Mutex
	lines *[]entry
	more  *chan struct{} // closed and replaced with each line
	attrs []slog.Attr
}

func newLogbook(t *testing.T) *logbook {
	more := make(chan struct{})
	return &logbook{t: t, mu: new(sync.Mutex), lines: new([]entry), more: &more}
}

func (l *logbook) logger() *slog.Logger { return slog.New(l) }

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithGroup(string) slog.Handler            { panic("the package opens no groups") }

func (l *logbook) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *l
	next.attrs = append(append([]slog.Attr(nil), l.attrs...), attrs...)
	return &next
}

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	e := entry{r.Level, r.Message, map[string]string{}}
	for _, a := range l.attrs {
		e.add("", a)
	}
	r.Attrs(func(a slog.Attr) bool { e.add("", a); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.lines = append(*l.lines, e)
	close(*l.more)
	*l.more = make(chan struct{})
	return nil
}

func (e *entry) add(prefix string, a slog.Attr) {
	if a.Value.Kind() != slog.KindGroup {
		e.attrs[prefix+a.Key] = a.Value.String()
		return
	}
	for _, inner := range a.Value.Group() {
		e.add(prefix+a.Key+".", inner)
	}
}

// find returns the lines so far with this message and these attributes, given as key, value, key, value.
func (l *logbook) find(message string, attrs ...string) ([]entry, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []entry
next:
	for _, e := range *l.lines {
		if e.message != message {
			continue
		}
		for i := 0; i < len(attrs); i += 2 {
			if e.attrs[attrs[i]] != attrs[i+1] {
				continue next
			}
		}
		found = append(found, e)
	}
	return found, *l.more
}

// await returns the first n lines with this message and these attributes as soon as there are so many.
func (l *logbook) await(n int, message string, attrs ...string) []entry {
	l.t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		found, more := l.find(message, attrs...)
		if len(found) >= n {
			return found[:n]
		}
		select {
		case <-more:
		case <-timer.C:
			require.FailNow(l.t, "not logged in time", "%s %s in:\n%s", message, attrs, l)
		}
	}
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, nil))
	for _, e := range *l.lines {
		log.Info(e.message, "was", e.level, "attrs", e.attrs)
	}
	return b.String()
}
