package dispatch

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What may become of a request instead of a response. See also workers.ErrWorkerDied.
var (
	ErrQueueFull    = errors.New("the queue is full (queue_size)")
	ErrQueueTimeout = errors.New("waited too long for a thread (queue_timeout)")
	ErrClientGone   = errors.New("the client left before its request was run")
	ErrTimeout      = errors.New("the application took too long (timeout)")
	// ErrQueued is none: the request waits, and its caller is told the result.
	ErrQueued = errors.New("it waits for a thread")
	ErrKiller = errors.New("each worker that ran it died, so it is not run again")
)

// errNotBegun marks the death of a worker before a thread had the request.
var errNotBegun = errors.New("no thread had begun it")

// OverloadError says that a request was refused for lack of threads.
type OverloadError struct {
	Reason     error         // ErrQueueFull or ErrQueueTimeout
	RetryAfter time.Duration // when a new try makes sense; at least a second
}

func (e *OverloadError) Error() string { return e.Reason.Error() }
func (e *OverloadError) Unwrap() error { return e.Reason }

// ApplicationError says that the application raised, or did what PEP 3333 forbids.
type ApplicationError struct{ Traceback string }

// Error returns the last line of the traceback.
func (e *ApplicationError) Error() string {
	text := strings.TrimSpace(e.Traceback)
	return fmt.Sprintf("the application failed: %s", text[strings.LastIndexByte(text, '\n')+1:])
}
