package static

// State is what is kept of files, and how often that was of use.
type State struct {
	// Files are kept: contents in memory, or open descriptors.
	Files int
	// Memory is what their contents have of it, in bytes.
	Memory int64
	// Hits are files that were answered with as they were kept, since a start or a reload, and Misses those that were opened.
	Hits, Misses uint64
}

// State returns what is kept. It does not block.
func (f *Files) State() State { return f.cache.state() }

func (c *cache) state() State {
	c.mu.Lock()
	s := State{Files: c.memory.queue.Len() + c.files.queue.Len(), Memory: c.memory.used}
	c.mu.Unlock()
	s.Misses = c.misses.Load()
	stale := c.stale.Load() // before what was found, of which it is a part
	for i := range c.shards {
		s.Hits += c.shards[i].found.Load()
	}
	s.Hits -= stale
	return s
}
