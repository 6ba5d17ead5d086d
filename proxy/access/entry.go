package access

import (
	"net/netip"
	"time"
)

// Entry is what there is to say about one answered request. Its bytes are borrowed until Write returns. An empty or
// invalid value is one that nobody knows: a request that was refused as malformed may have no method.
type Entry struct {
	// Time is when the request was answered.
	Time time.Time
	// ID is the request's id.
	ID []byte
	// TraceID is that of the trace that the request is part of (W3C Trace Context), in hexadecimal digits.
	TraceID []byte
	// Client is where the request came from. It is invalid for a peer of a unix socket.
	Client netip.Addr

	Method, Target, Protocol []byte
	Referer, UserAgent       []byte

	Status int
	// Received and Bytes are how much body came and was sent.
	Received, Bytes int64

	// Before is the time that the proxies before us had the request, as one that we trust has told; 0 is not known. It is no
	// part of Total.
	Before time.Duration
	// Total is the time from the request's first byte to the answer's last, and the others are parts of it: in Read the
	// request came, in Delayed a rate limit made it wait, in Queue it waited for a thread, and in Application it ran on
	// one, to the head of its response. What is left is Send.
	Total, Read, Delayed, Queue, Application time.Duration
	// Worker is the process id of the worker that ran it, and Thread the thread of it, from 0; no Worker means none did.
	Worker, Thread int
	// Tries is how often a thread was given it and had begun it.
	Tries int

	// Source is who answered.
	Source Source
	// Path is the index of its entry in config.Config.Paths, or config.NoPath.
	Path int
	// Fault is what was wrong with the request or with its answer; nil if nothing was. Reason is its kind.
	Fault  error
	Reason Reason
}

// Send is the time that the answer took to be sent: for a stream, the application is at work on it meanwhile.
func (e *Entry) Send() time.Duration {
	return max(0, e.Total-e.Read-e.Delayed-e.Queue-e.Application)
}

// Source is who answered a request.
type Source uint8

const (
	// Server is forebay itself: a refusal, or an answer in the place of one that there is not.
	Server Source = iota
	// Application is the application.
	Application
	// Handover is a file that the application named or gave.
	Handover
	// Static is a file of a mapping.
	Static
)

// Sources are the names of all sources, by their values.
var Sources = [...]string{Server: "server", Application: "application", Handover: "handover", Static: "static"}

func (s Source) String() string { return Sources[s] }
