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
	// Client is where the request came from. It is invalid for a peer of a unix socket.
	Client netip.Addr

	Method, Target, Protocol []byte
	Referer, UserAgent       []byte

	Status int
	// Bytes is how much body was sent.
	Bytes int64

	// Total is the time from the request's first byte to the answer's last. Queue and Application are the parts of it
	// in which the request waited for a thread and in which it ran on one.
	Total, Queue, Application time.Duration
	// Worker is the process id of the worker that ran it; 0 means none did.
	Worker int
}
