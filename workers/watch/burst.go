package watch

import (
	"maps"
	"slices"
	"time"
)

const (
	// quiet is how long nothing may change before what has changed is told. An editor that saves all its files, or a
	// checkout, makes one change of it.
	quiet = 50 * time.Millisecond
	// longest bounds the time until a change is told while others follow.
	longest = time.Second
)

// burst is changes that come together.
type burst struct {
	files map[string]bool
	first time.Time   // when it began
	over  *time.Timer // ends when the burst does
}

func newBurst() *burst {
	b := &burst{files: map[string]bool{}, over: time.NewTimer(longest)}
	b.over.Stop()
	return b
}

// add notes a change and reports whether it is the first one.
func (b *burst) add(file string) bool {
	now := time.Now()
	isFirst := len(b.files) == 0
	if isFirst {
		b.first = now
	}
	if len(b.files) < maxFiles {
		b.files[file] = true
	}
	b.over.Reset(max(0, min(quiet, longest-now.Sub(b.first))))
	return isFirst
}

// take ends the burst and returns what has changed, sorted.
func (b *burst) take() []string {
	files := slices.Sorted(maps.Keys(b.files))
	clear(b.files)
	return files
}
