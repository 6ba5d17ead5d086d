package shared

import (
	"sync/atomic"
	"time"

	"forebay/proxy/limit/gcra"
)

// Kind is what a step does.
type Kind byte

// The kinds of steps. The script has them by their numbers.
const (
	// KindRate takes up to Most units of a rate.
	KindRate Kind = iota
	// KindFlight counts a request in flight, unless Most are.
	KindFlight
	// KindCharge takes Most units of a rate, room or not, or gives them back where that is negative.
	KindCharge
	// KindRelease takes a request in flight back.
	KindRelease
)

// Step is what a call takes of one limit.
type Step struct {
	Kind Kind
	// Advisory says that the others are taken even if this one is not granted.
	Advisory bool
	Key      string
	// Rate is the limit of KindRate and KindCharge.
	Rate gcra.Limit
	Most int64
	// ID tells requests in flight of this process apart, and Expire is after what time one is forgotten, if nothing more is
	// heard of it.
	ID     int64
	Expire time.Duration

	// Granted is how much was taken: 0 where the limit has nothing left, or another one of the call has not.
	Granted int64
	// Level is how full the bucket is after it, in microseconds, or how many requests are in flight.
	Level int64
}

// Call is steps that are taken together: all of them, or none. It is used again only after Do has returned nil.
type Call struct {
	Steps []Step

	state  atomic.Int32
	done   chan error
	timer  *time.Timer
	posted bool
	then   func(*Call, error)
}

// The states of a call that is waited for.
const (
	waiting int32 = iota
	answered
	left // nobody waits for it any more
)

// prepare makes a call ready to be waited for.
func (c *Call) prepare(limit time.Duration) {
	c.state.Store(waiting)
	if c.done == nil {
		c.done = make(chan error, 1)
		c.timer = time.NewTimer(limit)
		return
	}
	c.timer.Reset(limit)
}

// leave gives the call up, and reports false if it has been answered meanwhile.
func (c *Call) leave() bool { return c.state.CompareAndSwap(waiting, left) }

// wanted reports whether somebody still cares.
func (c *Call) wanted() bool { return c.posted || c.state.Load() == waiting }

// finish hands the result over, and reports false if it came too late.
func (c *Call) finish(err error) bool {
	if c.posted {
		if c.then != nil {
			c.then(c, err)
		}
		return true
	}
	if !c.state.CompareAndSwap(waiting, answered) {
		return false
	}
	c.done <- err
	return true
}
