package static

import (
	"container/list"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// cache keeps entries by their paths, up to a bound of memory and one of open files. What is used stays: each new entry
// that finds no room has one look at an old one, which is dropped if it was not used since the look before.
type cache struct {
	seed   maphash.Seed
	shards [shards]shard

	mu     sync.Mutex
	memory tier // bytes; its queue are the entries that have all in memory
	files  tier // descriptors; its queue are the entries that have some
	sweep  *time.Timer
	closed bool

	stale, misses atomic.Uint64 // entries that were found and not used, and files that were opened

	loading map[string]chan struct{} // closed when somebody has loaded that path

	arena *arena // or nil
}

// shard is a part of the entries, so that processors seldom wait for each other.
type shard struct {
	mu      sync.RWMutex
	entries map[string]*entry
	found   atomic.Uint64
}

const shards = 32

// tier is what there is a bound of.
type tier struct {
	bound, used int64
	queue       list.List // of *entry, the one that is looked at next in front
}

// newCache makes a cache for so many bytes and so many open files.
func newCache(memory, files int64) *cache {
	c := &cache{seed: maphash.MakeSeed(), loading: map[string]chan struct{}{}, arena: newArena()}
	c.memory.bound, c.files.bound = memory, files
	for i := range c.shards {
		c.shards[i].entries = map[string]*entry{}
	}
	return c
}

func (c *cache) shard(hash uint64) *shard { return &c.shards[hash%shards] }

// get returns the entry of a path, held, or nil. It allocates nothing.
func (c *cache) get(path []byte) *entry {
	s := c.shard(maphash.Bytes(c.seed, path))
	s.mu.RLock()
	e := s.entries[string(path)]
	if e != nil {
		e.hold()
	}
	s.mu.RUnlock()
	if e == nil {
		return nil
	}
	s.found.Add(1)
	if !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

// queueOf is where an entry waits to be looked at.
func (c *cache) queueOf(e *entry) *list.List {
	if len(e.files) > 0 {
		return &c.files.queue
	}
	return &c.memory.queue
}

// charge adds what an entry costs, or takes it off.
func (c *cache) charge(e *entry, sign int64) {
	c.memory.used += sign * e.cost
	c.files.used += sign * int64(len(e.files))
}

// add keeps an entry, in the place of another one of the same path, if there is room for it.
func (c *cache) add(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.peek(e.path))
	if c.closed || !c.makeRoom(&c.memory, e.cost) || !c.makeRoom(&c.files, int64(len(e.files))) {
		return
	}
	if c.arena != nil {
		e.moveIn(c.arena)
	}
	e.hold()
	e.used.Store(true) // until it was looked at once: its next use may be the first that it could have
	e.place = c.queueOf(e).PushBack(e)
	c.charge(e, 1)
	s := c.shard(maphash.String(c.seed, e.path))
	s.mu.Lock()
	s.entries[e.path] = e
	s.mu.Unlock()
	if len(e.files) > 0 && c.sweep == nil {
		c.sweep = time.AfterFunc(idleFile, c.sweepFiles) // Close stops it
	}
}

// peek returns the entry of a path without holding it. The caller has c.mu.
func (c *cache) peek(path string) *entry {
	s := c.shard(maphash.String(c.seed, path))
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[path]
}

// makeRoom drops entries until cost more fits into the tier. The first one that is in use stays, and there is no room
// then: to drop it for one that may be in use no more than it would help nobody. It is dropped when it is looked at again
// and was not used meanwhile.
func (c *cache) makeRoom(t *tier, cost int64) bool {
	for t.used+cost > t.bound {
		front := t.queue.Front()
		if front == nil {
			return false
		}
		e := front.Value.(*entry)
		if e.used.Swap(false) {
			t.queue.MoveToBack(front)
			return false
		}
		c.remove(e)
	}
	return true
}

// keeps reports whether an entry is kept.
func (c *cache) keeps(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return e.place != nil
}

// grow charges an entry for what was added to it, if it is still kept and there is room.
func (c *cache) grow(e *entry, cost int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.place == nil || !c.makeRoom(&c.memory, cost) || e.place == nil { // to make room it may have been dropped itself
		return false
	}
	e.cost += cost
	c.memory.used += cost
	return true
}

// forget drops the entry of a path that leads to no file any longer.
func (c *cache) forget(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.peek(path))
}

// remove takes an entry out, if it is in. The caller has c.mu.
func (c *cache) remove(e *entry) {
	if e == nil || e.place == nil {
		return
	}
	c.queueOf(e).Remove(e.place)
	c.charge(e, -1)
	e.place = nil
	s := c.shard(maphash.String(c.seed, e.path))
	s.mu.Lock()
	delete(s.entries, e.path)
	s.mu.Unlock()
	e.release()
}

// idleFile is how long a descriptor is kept that nobody uses: that of a deleted file keeps its blocks from being free.
const idleFile = 30 * time.Second

// sweepFiles closes the files that were not used for a while. An entry that is used is checked at least every second.
func (c *cache) sweepFiles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	limit := time.Now().Add(-idleFile).UnixNano()
	var next *list.Element
	for place := c.files.queue.Front(); place != nil; place = next {
		next = place.Next()
		if e := place.Value.(*entry); e.checked.Load() < limit {
			c.remove(e)
		}
	}
	if c.files.queue.Len() == 0 {
		c.sweep = nil
		return
	}
	c.sweep.Reset(idleFile)
}

// begin says that somebody loads a path. If somebody else does already, it waits until that is done and reports false.
func (c *cache) begin(path string) bool {
	c.mu.Lock()
	done, busy := c.loading[path]
	if !busy {
		c.loading[path] = make(chan struct{})
	}
	c.mu.Unlock()
	if busy {
		<-done // whoever loads it ends it
	}
	return !busy
}

// end lets those go on that wait for a path.
func (c *cache) end(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.loading[path])
	delete(c.loading, path)
}

// close drops everything and keeps nothing any more. Files that are being sent are closed when they were.
func (c *cache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.sweep != nil {
		c.sweep.Stop()
	}
	for _, t := range []*tier{&c.memory, &c.files} {
		for t.queue.Len() > 0 {
			c.remove(t.queue.Front().Value.(*entry))
		}
	}
	if c.arena != nil {
		c.arena.release()
	}
}
