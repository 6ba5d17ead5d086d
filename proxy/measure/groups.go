package measure

import (
	"slices"
	"sync"
)

// groups are the path prefixes that requests are counted under. They are never forgotten, as what was counted is not: so
// there is a bound, and further ones are counted together.
type groups struct {
	mu       sync.Mutex
	prefixes []string // from the third group on
}

const (
	ungrouped  = 0 // under no prefix
	others     = 1 // under one for which there is no place
	groupsMost = 64
)

// otherPaths is how the prefixes are called for which there is no place.
const otherPaths = "other"

// of returns the group of a prefix.
func (g *groups) of(prefix string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.prefixes, prefix)
	switch {
	case i >= 0:
	case len(g.prefixes) == groupsMost-2:
		return others
	default:
		i = len(g.prefixes)
		g.prefixes = append(g.prefixes, prefix)
	}
	return i + 2
}

// name returns the prefix of a group; empty is under none.
func (g *groups) name(group int) string {
	switch group {
	case ungrouped:
		return ""
	case others:
		return otherPaths
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.prefixes[group-2]
}
