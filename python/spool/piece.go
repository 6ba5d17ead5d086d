package spool

import (
	"math/bits"
	"sync"
)

// PieceSize is the memory that a spool takes at a time, in bytes. The first piece is its own, so that it makes progress
// with the smallest budget and a full disk; each further one is taken from the budget and given back when it is read out.
const PieceSize = 4 << 10

// piece is a part of a body in memory, with its place in the spool. data[start:end] waits.
type piece struct {
	next       *piece
	start, end int
	data       [PieceSize - 3*bits.UintSize/8]byte // with the fields above it fills a page
}

var pieces = sync.Pool{New: func() any { return new(piece) }}

// memory is the part of a spool that is not in its file: a list of pieces, the oldest first. A spool in which nothing
// waits holds none, so a quiet event stream costs next to nothing.
type memory struct {
	first, last *piece
	count       int
}

func (m *memory) empty() bool { return m.first == nil }

// add appends an empty piece.
func (m *memory) add() {
	p := pieces.Get().(*piece)
	if m.last == nil {
		m.first = p
	} else {
		m.last.next = p
	}
	m.last = p
	m.count++
}

// shift frees the oldest piece.
func (m *memory) shift() { m.detach().free() }

// detach takes the oldest piece out.
func (m *memory) detach() *piece {
	p := m.first
	m.first = p.next
	if m.first == nil {
		m.last = nil
	}
	m.count--
	p.next = nil
	return p
}

func (p *piece) free() {
	p.next, p.start, p.end = nil, 0, 0
	pieces.Put(p)
}
