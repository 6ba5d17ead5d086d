package static

import (
	"sync"

	"forebay/proxy/coding"
	"forebay/proxy/conditional"
	"forebay/proxy/reply"
)

const (
	// leastSqueezed is the size from which on a file is compressed: one packet holds a smaller one as it is.
	leastSqueezed = 1 << 10
	// mostSqueezed is the size up to which it is: a larger one would keep a processor busy for long.
	mostSqueezed = 4 << 20
)

// squeezer makes compressed copies of files in the background, one at a time: processors are for requests. Nothing waits
// for it. Who asks while it is busy gets what there is; the next one who asks has it made.
type squeezer struct {
	cache *cache
	busy  chan struct{} // holds an entry while a copy is made

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newSqueezer(c *cache) *squeezer {
	return &squeezer{cache: c, busy: make(chan struct{}, 1)}
}

// want says that a client would rather have had an entry in another coding.
func (s *squeezer) want(e *entry, c coding.Coding) {
	select {
	case s.busy <- struct{}{}:
	default:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.cache.keeps(e) || !e.tried[c].CompareAndSwap(false, true) {
		<-s.busy
		return
	}
	e.hold()
	s.running.Go(func() { // ends when the copy is made; close waits for it
		defer func() { <-s.busy }()
		defer e.release()
		s.squeeze(e, c)
	})
}

// squeeze makes the copy and keeps it with the entry, if the cache has room for it.
func (s *squeezer) squeeze(e *entry, c coding.Coding) {
	body, err := e.identity.Bytes()
	if err != nil || !e.identity.IsIntact() {
		return // the next look at the file finds out what has become of it
	}
	packed := coding.Compress(c, body)
	if packed == nil || !s.cache.grow(e, int64(len(packed))) {
		return
	}
	v := conditional.Validators{ETag: codedTag(e.identity.Validators.ETag, c), Modified: e.identity.Validators.Modified}
	content := reply.NewMemory(e.mapping.head(e.name, e.typ, c, v, true), v, packed)
	content.Whole = true
	e.coded[c].Store(content)
}

// close waits for the copy that is being made.
func (s *squeezer) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}
