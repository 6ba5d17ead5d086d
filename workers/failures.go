package workers

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// A crash loop of many workers must not fill the disk with the same lines.
const (
	// loudFailures is how many failed starts are logged one by one within quietTime; the rest are counted.
	loudFailures = 5
	quietTime    = 10 * time.Second
	// sameTraceback is how long a traceback is not written again when nothing else has failed meanwhile.
	sameTraceback = 10 * time.Minute
)

// failureLog writes the lines about starts that failed. Safe for concurrent use.
type failureLog struct {
	log *slog.Logger

	mu        sync.Mutex
	since     time.Time // of the current quietTime
	lines     int       // in it
	silent    int       // failures without a line so far
	traceback string    // the one that was written last
	written   time.Time // when
}

// add tells that a worker, by its number, or the template was not started, and that the next try comes after wait.
func (f *failureLog) add(who any, err error, wait time.Duration, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) >= quietTime {
		f.since, f.lines = now, 0
	}
	if f.lines == loudFailures {
		f.silent++
		return
	}
	f.lines++
	attrs := []any{"worker", who, "error", err, "again_in", wait.Round(time.Millisecond)}
	if f.silent > 0 {
		attrs = append(attrs, "not_logged", f.silent)
		f.silent = 0
	}
	var load *LoadError
	if errors.As(err, &load) {
		attrs = append(attrs, "traceback", f.told(load.Traceback, now))
	}
	f.log.Error("worker not started", attrs...)
}

// told returns the traceback, or that it is the one which was written last.
func (f *failureLog) told(traceback string, now time.Time) string {
	if traceback == f.traceback && now.Sub(f.written) < sameTraceback {
		return "the same as before"
	}
	f.traceback, f.written = traceback, now
	return traceback
}
