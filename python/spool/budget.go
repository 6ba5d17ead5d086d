package spool

import (
	"fmt"
	"sync/atomic"
)

// Budget bounds the memory of many bodies together, of requests and of responses. Nobody waits for it: what gets no memory
// goes to a file. Its methods are safe for concurrent use, and a nil Budget has no bound.
type Budget struct {
	limit atomic.Int64
	used  atomic.Int64
}

// NewBudget returns a budget of so many bytes. Of 0 bytes nothing can be taken.
func NewBudget(bytes int64) *Budget {
	b := &Budget{}
	b.Resize(bytes)
	return b
}

// Resize puts another bound in force. What was taken under a larger one stays taken until it is given back.
func (b *Budget) Resize(bytes int64) { b.limit.Store(bytes) }

// Take takes n bytes, all of them or none, and reports whether it did. Who took them gives them back, once.
func (b *Budget) Take(n int64) bool {
	if b == nil {
		return true
	}
	for {
		used := b.used.Load()
		if n > b.limit.Load()-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Give gives n bytes back.
func (b *Budget) Give(n int64) {
	if b == nil {
		return
	}
	if left := b.used.Add(-n); left < 0 {
		panic(fmt.Sprintf("spool: %d bytes more were given back than taken", -left))
	}
}

// Limit returns how many bytes may be taken; 0 also where there is no bound.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit.Load()
}

// Used returns how many bytes are taken at present.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}
