// Package quiet watches connections on which nothing happens, so that they cost neither a goroutine nor a buffer: idle
// ones, those of clients that send a byte now and then, and those whose client may leave while it waits for an answer.
//
// One loop watches them all through an epoll instance of its own, which the runtime's poller watches in turn: no thread
// is held while nothing happens. Connections that are busy never come here.
package quiet

import (
	"container/heap"
	"time"
)

// Reason is why a connection is woken.
type Reason uint8

// The reasons.
const (
	Readable Reason = iota // there is something to read, or the client has closed its side
	Late                   // the time is up that Watch was told
	Draining               // it is idle, and the server is going down
	Ending                 // the server does not wait any longer
)

// Guest is what a connection does when it is woken.
type Guest interface {
	// Wake is called once for each Watch, unless Drop came before. It is called by the loop's goroutine and must not
	// block.
	Wake(why Reason)
}

// Entry is a connection's place in the loop. It is part of the connection and watched by one loop at a time. A connection
// may have several, of which one is watched at a time.
type Entry struct {
	// Guest is woken. It is set once, before the first Watch.
	Guest Guest
	// FD is the connection's descriptor. It stays open while the entry is watched.
	FD int

	until time.Time // zero: for ever
	index int       // in the heap, from 1; 0: not watched
	watch int32     // which of the loop's watches it is, as epoll tells it
	known bool      // to epoll
	idle  bool
}

// schedule holds the watched entries, the one whose time is up first at the root. It implements heap.Interface.
type schedule []*Entry

var _ heap.Interface = (*schedule)(nil)

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	if s[i].until.IsZero() || s[j].until.IsZero() {
		return s[j].until.IsZero() && !s[i].until.IsZero()
	}
	return s[i].until.Before(s[j].until)
}

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i+1, j+1
}

// Push adds an *Entry.
func (s *schedule) Push(x any) {
	e := x.(*Entry)
	*s = append(*s, e)
	e.index = len(*s)
}

// Pop takes the last one.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	e.index = 0
	return e
}
