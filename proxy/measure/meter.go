package measure

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/proxy/access"
)

// Meter counts the requests of a server. Its methods are safe for concurrent use.
type Meter struct {
	shards  []*shard
	handles sync.Pool // of *shard: so each processor mostly has one to itself

	groups groups
	window window
	slow   slow
	wrong  wrong
}

// shardsMost is how many parts the counters are in at most: beyond that memory counts for more.
const shardsMost = 16

// New makes a meter that has counted nothing.
func New() *Meter {
	m := &Meter{}
	for range min(runtime.GOMAXPROCS(0), shardsMost) {
		m.shards = append(m.shards, new(shard))
	}
	var next atomic.Uint32
	m.handles.New = func() any { return m.shards[int(next.Add(1))%len(m.shards)] }
	return m
}

// Run takes what was counted in each second, until ctx ends. busy returns how many slots are busy; it must not block.
func (m *Meter) Run(ctx context.Context, busy func() int) error {
	ticker := time.NewTicker(time.Second / samples)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			m.window.sample(busy())
			if n%samples == 0 {
				m.turn(now)
			}
		}
	}
}

// samples is how often a second it is looked how many slots are busy.
const samples = 4

// turn ends a second.
func (m *Meter) turn(now time.Time) {
	total := m.Counts()
	m.window.turn(now, &total)
	m.slow.turn(now)
	m.wrong.turn()
}

// Observer counts requests under the path prefixes of one configuration. A nil Observer counts nothing.
type Observer struct {
	meter *Meter
	group []int // by index of the path
}

// For returns what counts requests whose Entry.Path is an index of paths. What was counted under the same prefix before
// goes on.
func (m *Meter) For(paths []config.Path) *Observer {
	o := &Observer{meter: m}
	for i := range paths {
		o.group = append(o.group, m.groups.of(paths[i].Prefix))
	}
	return o
}

// Observe counts an answered request. It keeps nothing of e.
func (o *Observer) Observe(e *access.Entry) {
	if o == nil {
		return
	}
	group := ungrouped
	if e.Path >= 0 && e.Path < len(o.group) {
		group = o.group[e.Path]
	}
	m := o.meter
	s := m.handles.Get().(*shard)
	s.observe(e, group)
	m.handles.Put(s)
	if m.slow.wants(e) {
		m.slow.add(e)
	}
	if isWrong(e) {
		m.wrong.add(e)
	}
}
