// Package shortage is what a listener goes by when the system, or the share of it that is for clients, is short of
// descriptors or memory: who stands at the door waits in the kernel's backlog, and those who are inside are served.
package shortage

import "time"

const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// Pauses are how long nothing is accepted before it is tried again: longer each time, until it was possible. The zero value
// is ready.
type Pauses struct{ last time.Duration }

// Next returns the next one.
func (p *Pauses) Next() time.Duration {
	p.last = min(max(2*p.last, firstPause), lastPause)
	return p.last
}

// Over says that the shortage has passed.
func (p *Pauses) Over() { p.last = 0 }
