package limit

import "sync"

// flights counts requests in flight by their key. There are never more keys than there are such requests, and so than there
// are connections.
type flights struct {
	shards [16]struct {
		mu     sync.Mutex
		counts map[uint64]int
		_      [32]byte // no two locks in a cache line
	}
}

func newFlights() *flights {
	f := &flights{}
	for i := range f.shards {
		f.shards[i].counts = map[uint64]int{}
	}
	return f
}

// take adds a request unless there are as many already, and returns how many there are now.
func (f *flights) take(hash uint64, most int) (count int, taken bool) {
	s := &f.shards[hash>>60]
	s.mu.Lock()
	defer s.mu.Unlock()
	count = s.counts[hash]
	if count >= most {
		return count, false
	}
	s.counts[hash] = count + 1
	return count + 1, true
}

// add adds a request, however many there are.
func (f *flights) add(hash uint64) {
	s := &f.shards[hash>>60]
	s.mu.Lock()
	s.counts[hash]++
	s.mu.Unlock()
}

// give takes back what take has added.
func (f *flights) give(hash uint64) {
	s := &f.shards[hash>>60]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[hash]--; s.counts[hash] <= 0 {
		delete(s.counts, hash)
	}
}

func (f *flights) len() int {
	n := 0
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		n += len(s.counts)
		s.mu.Unlock()
	}
	return n
}
