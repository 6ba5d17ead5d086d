package dispatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A worker dies with all its threads, but the news of it comes by one of them first.
func TestNoThreadIsLentOfAProcessThatLostOne(t *testing.T) {
	l := &lane{empty: make(chan struct{})}
	healthy := &lane{lent: 1, empty: make(chan struct{})}
	healthy.idle = []*thread{{lane: healthy}}
	for range 4 {
		l.idle = append(l.idle, &thread{lane: l})
	}
	d := &Dispatcher{lanes: []*lane{l, healthy}}
	lost, other := d.takeIdle(), d.takeIdle()
	assert.Same(t, l, lost.lane, "it is the least busy")
	assert.Same(t, l, other.lane)
	d.lose(lost)
	assert.Same(t, healthy, d.takeIdle().lane)
	assert.Nil(t, d.takeIdle())
	d.giveBack(other)
	assert.Nil(t, d.takeIdle(), "one that was busy comes back and stays out of use, too")
	assert.Zero(t, l.lent)
}
