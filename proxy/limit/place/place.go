// Package place says where a limit holds: for which paths and methods.
package place

import (
	"bytes"
	"slices"
	"strings"
)

// Place is a set of paths and a set of methods. It is never changed.
type Place struct {
	patterns []pattern
	methods  []string
}

// New makes the place of these patterns and methods; none of either means all. A pattern is a prefix in whole segments, as
// config.MatchPath has it, and "*" stands for any part of a segment.
func New(paths, methods []string) Place {
	p := Place{methods: methods}
	for _, path := range paths {
		p.patterns = append(p.patterns, newPattern(path))
	}
	return p
}

// Has reports whether a request is there. path is decoded.
func (p *Place) Has(method, path []byte) bool {
	return p.hasMethod(method) && p.hasPath(path)
}

func (p *Place) hasMethod(method []byte) bool {
	if len(p.methods) == 0 {
		return true
	}
	for _, m := range p.methods {
		if m == string(method) {
			return true
		}
	}
	return false
}

func (p *Place) hasPath(path []byte) bool {
	if len(p.patterns) == 0 {
		return true
	}
	for i := range p.patterns {
		if p.patterns[i].fits(path) {
			return true
		}
	}
	return false
}

// pattern is a prefix: "/a/*.pdf" has the segments "a" and "*.pdf".
type pattern struct {
	segments [][]byte
	// below says that the pattern ends with a slash, and fits only what is below it.
	below bool
}

func newPattern(text string) pattern {
	text = strings.TrimPrefix(text, "/")
	p := pattern{below: text == "" || strings.HasSuffix(text, "/")}
	text = strings.TrimSuffix(text, "/")
	if text != "" {
		for segment := range strings.SplitSeq(text, "/") {
			p.segments = append(p.segments, []byte(segment))
		}
	}
	return p
}

func (p *pattern) fits(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false // OPTIONS *
	}
	rest, more := path[1:], true
	for _, want := range p.segments {
		if !more {
			return false
		}
		var segment []byte
		segment, rest, more = bytes.Cut(rest, slash)
		if !fits(want, segment) {
			return false
		}
	}
	return more || !p.below
}

var slash = []byte("/")

// fits compares a segment with one of a pattern, from the left to the right: only the last star that was met may have to
// take more, so the time it takes is bounded by the product of the lengths.
func fits(want, segment []byte) bool {
	if slices.Index(want, '*') < 0 {
		return bytes.Equal(want, segment)
	}
	i, star, taken := 0, -1, 0
	for j := 0; j < len(segment); {
		switch {
		case i < len(want) && want[i] == '*':
			star, taken = i, j
			i++
		case i < len(want) && want[i] == segment[j]:
			i++
			j++
		case star >= 0:
			taken++
			i, j = star+1, taken
		default:
			return false
		}
	}
	for i < len(want) && want[i] == '*' {
		i++
	}
	return i == len(want)
}
