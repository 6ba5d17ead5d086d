// Package table remembers something about very many keys, in bounded memory.
//
// Each entry has a time until which it means something; after it, it is as if it were not there, and its place is free.
// When there is no free place for a new key, the entry that would be free first goes: for a bucket that leaks that is the
// one that is furthest from its limit, for one who is refused the one who is refused least long. A flood of new keys so
// pushes out other new ones, and not those that have reached their limit.
//
// There is no lock for all: a table consists of shards, each with its own.
package table

import (
	"sync"
)

const (
	// shards is more than there are CPUs by far, so that two of them seldom want the same.
	shards = 64
	// ways is how many places a key has. Hashes of so many keys, or their times, fill a cache line.
	ways = 8
	// fill is how many entries there are for each bucket when a table is as full as it may be. Few of the buckets then have
	// more than they have room for.
	fill = 2
)

// Entry is what is known of a key.
type Entry[V any] struct {
	// Value is as the caller left it. In a new entry it is the zero value. (It stands first because a last field without
	// size would be given one.)
	Value V
	// Until is when the entry means nothing any more. It is in the caller's unit, and 0 in a new entry.
	Until int64
}

// Table is the entries by the hash of their key. Two keys with the same hash are one; a hash of 64 bits that has a secret
// makes that a matter of nobody's choice. Its methods are safe for concurrent use.
type Table[V any] struct {
	shards [shards]shard[V]
	most   int // buckets of a shard
}

type shard[V any] struct {
	mu      sync.Mutex
	buckets []bucket[V]
	_       [32]byte // no two locks in a cache line
}

type bucket[V any] struct {
	hashes  [ways]uint64
	entries [ways]Entry[V]
}

// New makes a table for so many keys. It takes memory as keys come: 16 bytes and a value's for each place, and up to 4
// places for a key.
func New[V any](keys int) *Table[V] {
	t := &Table[V]{most: max(1, (keys+shards*fill-1)/(shards*fill))}
	for i := range t.shards {
		t.shards[i].buckets = make([]bucket[V], 1)
	}
	return t
}

// Open locks the shard of a key and returns its entry, a new one if nothing is known of it. now is in the unit of Until.
// The entry is the caller's until Close, which must follow soon; one whose Until is not set is forgotten.
func (t *Table[V]) Open(hash uint64, now int64) *Entry[V] {
	s := t.shard(hash)
	s.mu.Lock()
	b := s.bucket(hash)
	for i := range b.hashes {
		if b.hashes[i] == hash {
			if b.entries[i].Until <= now {
				b.entries[i] = Entry[V]{}
			}
			return &b.entries[i]
		}
	}
	i := b.first()
	for b.entries[i].Until > now && len(s.buckets) < t.most {
		s.resize(min(t.most, 2*len(s.buckets)), now)
		b = s.bucket(hash)
		i = b.first()
	}
	b.hashes[i], b.entries[i] = hash, Entry[V]{}
	return &b.entries[i]
}

// Close ends what Open has begun.
func (t *Table[V]) Close(hash uint64) { t.shard(hash).mu.Unlock() }

// Get returns what is known of a key; a zero Until means that nothing is.
func (t *Table[V]) Get(hash uint64, now int64) Entry[V] {
	s := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(hash)
	for i := range b.hashes {
		if b.hashes[i] == hash && b.entries[i].Until > now {
			return b.entries[i]
		}
	}
	return Entry[V]{}
}

// Tidy gives memory back that is not needed any more. It locks one shard after the other.
func (t *Table[V]) Tidy(now int64) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		if need := s.live(now)/fill + 1; need <= len(s.buckets)/4 {
			s.resize(2*need, now)
		}
		s.mu.Unlock()
	}
}

// Len counts the keys of which something is known.
func (t *Table[V]) Len(now int64) int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += s.live(now)
		s.mu.Unlock()
	}
	return n
}

// shard and bucket use different bits of the hash.
func (t *Table[V]) shard(hash uint64) *shard[V] { return &t.shards[hash>>58] }

// bucket maps 32 bits onto the number of buckets without a division.
func (s *shard[V]) bucket(hash uint64) *bucket[V] {
	return &s.buckets[(hash&0xffff_ffff)*uint64(len(s.buckets))>>32]
}

// first is the place that is free, or would be free first.
func (b *bucket[V]) first() int {
	first := 0
	for i := 1; i < ways; i++ {
		if b.entries[i].Until < b.entries[first].Until {
			first = i
		}
	}
	return first
}

func (s *shard[V]) live(now int64) int {
	n := 0
	for i := range s.buckets {
		for j := range s.buckets[i].entries {
			if s.buckets[i].entries[j].Until > now {
				n++
			}
		}
	}
	return n
}

// resize moves what means something to as many buckets.
func (s *shard[V]) resize(buckets int, now int64) {
	old := s.buckets
	s.buckets = make([]bucket[V], buckets)
	for i := range old {
		for j, entry := range old[i].entries {
			if entry.Until <= now {
				continue
			}
			b := s.bucket(old[i].hashes[j])
			if k := b.first(); b.entries[k].Until < entry.Until {
				b.hashes[k], b.entries[k] = old[i].hashes[j], entry
			}
		}
	}
}
