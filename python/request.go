package python

import (
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"forebay/config"
)

// Body is a request's body, whole: in memory or, when File is set, in a file that the owner of the Body closes.
type Body struct {
	Memory []byte
	File   *os.File
	Size   int64
}

// Client is what dispatch asks about the client of a waiting request.
type Client interface {
	// Gone reports whether the client has closed its connection. It does not block.
	Gone() bool
}

// Caller is who has a request run and does not wait for the result.
type Caller interface {
	// Leave is called before Do blocks all the same.
	Leave()
	// Answered is called once with the result of a request that was queued, on a goroutine that may have other things to do:
	// then lead is not nil, and its Leave is called before anything that may take long, or wait.
	Answered(resp *Response, err error, lead Lead)
}

// Lead is what a goroutine does for others besides.
type Lead interface {
	// Leave has another goroutine go on with that. It is called once at most.
	Leave()
}

// Request is one complete request, encoded for the wire. It is made by NewRequest, belongs to one goroutine, and goes
// back by Release. Its bytes are its own; only Body.File and Client are the caller's.
type Request struct {
	Method string
	Target []byte
	ID     []byte
	Client Client
	// Caller is who does not wait for the result where the request has to. It is nil after NewRequest: then Do waits.
	Caller Caller
	// Path is the index of the request's entry in config.Config.Paths. It is config.NoPath after NewRequest, as 0 is the
	// first entry; the front sets it before the request is handed on.
	Path int
	// Trace is what dispatch notes for the access log.
	Trace Trace
	// File is the body's file, or nil. A worker gets its descriptor; the caller closes it after Release.
	File *os.File

	frame []byte
}

// Trace says how a request fared behind the front.
type Trace struct {
	Queued time.Duration // waited for a thread, or for its turn on it
	Ran    time.Duration // on one to the head of the response, and on those before it whose workers died
	PID    int           // of the worker that ran it last; 0: none did
	Thread int           // in that worker, from 0
	Tries  int           // how often a thread was given it, and had begun it or may have when its worker died
	Missed int           // how often one was given it and had not
}

var requests = sync.Pool{New: func() any { return new(Request) }}

// NewRequest encodes a request. It copies everything of m and body once, straight into the form that a worker reads.
func NewRequest(m *Meta, body Body, client Client) *Request {
	r := requests.Get().(*Request)
	r.Method = methodName(m.Method)
	r.Target = append(r.Target[:0], m.Target...)
	r.ID = append(r.ID[:0], m.RequestID...)
	r.Client = client
	r.Path = config.NoPath // the request may have been another's
	r.File = body.File

	var flags Flags
	if body.File != nil {
		flags = FlagBodyFile
	}
	b := beginFrame(r.frame[:0], KindRequest, flags)
	b = appendTuple(b, 2)
	b = appendEnviron(b, m, body.Size)
	if body.File != nil {
		b = append(b, codeNone)
	} else {
		b = appendBytes(b, body.Memory)
	}
	endFrame(b, 0)
	r.frame = b
	return r
}

// Frame returns the REQUEST frame, valid until Release.
func (r *Request) Frame() []byte { return r.frame }

// maxKeptFrame is the largest buffer that a released Request keeps.
const maxKeptFrame = 64 << 10

// Release gives the request's memory back. Nothing of it may be used afterwards.
func (r *Request) Release() {
	r.Client, r.Caller, r.File = nil, nil, nil
	r.Trace = Trace{}
	if cap(r.frame) > maxKeptFrame {
		r.frame = nil
	}
	requests.Put(r)
}

// Idempotent reports whether running the request twice means what running it once means (RFC 9110, section 9.2.2).
func (r *Request) Idempotent() bool {
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// knownMethods are those whose names need not be allocated.
var knownMethods = []string{"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}

func methodName(b []byte) string {
	if i := slices.IndexFunc(knownMethods, func(m string) bool { return m == string(b) }); i >= 0 {
		return knownMethods[i]
	}
	return strings.ToValidUTF8(string(b), "?")
}
