package access

import (
	"bytes"
	"net/netip"
	"time"

	"forebay/python"
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
	// Decoded is the path within Target, decoded.
	Decoded []byte
	Host    []byte
	// Scheme is http or https.
	Scheme string
	// Fields are those of the request.
	Fields []python.Field
	// Answer is the head of the answer as it was made, and maybe something behind it.
	Answer []byte

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

// queued reports whether the request has been in the queue, if only for an instant.
func (e *Entry) queued() bool { return e.Queue > 0 || e.ran() }

// ran reports whether the application has been called for it.
func (e *Entry) ran() bool { return e.Worker != 0 }

// path is the decoded path, or what was sent in its place.
func (e *Entry) path() []byte {
	if len(e.Decoded) > 0 {
		return e.Decoded
	}
	path, _ := e.pathAndQuery()
	return path
}

// fault is the text of the fault.
func (e *Entry) fault() []byte {
	if e.Fault == nil {
		return nil
	}
	return []byte(e.Fault.Error())
}

// Field returns the value of the first field of the request with a name, which is given in lower case.
func (e *Entry) Field(name string) []byte {
	for _, f := range e.Fields {
		if python.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// answered returns the value of the first field of the answer with a name, which is given in lower case.
func (e *Entry) answered(name string) []byte {
	_, rest, _ := bytes.Cut(e.Answer, lineEnd)
	for {
		line, next, more := bytes.Cut(rest, lineEnd)
		if len(line) == 0 || !more {
			return nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && python.EqualFold(line[:len(name)], name) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
		rest = next
	}
}

var lineEnd = []byte("\r\n")

// pathAndQuery are the two parts of the target.
func (e *Entry) pathAndQuery() (path, query []byte) {
	path, query, _ = bytes.Cut(e.Target, question)
	return path, query
}

var question = []byte("?")

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

// appendClient appends the client's address; a zone is this machine's own matter.
func appendClient(dst []byte, e *Entry) []byte {
	if !e.Client.IsValid() {
		return append(dst, '-')
	}
	return e.Client.WithZone("").AppendTo(dst)
}

// appendKnown appends a value, or a dash where there is none.
func appendKnown(dst, value []byte, escape escaper) []byte {
	if len(value) == 0 {
		return append(dst, '-')
	}
	return escape(dst, value)
}
