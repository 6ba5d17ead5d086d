package dispatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A worker dies with all its threads, but the news of it comes by one of them first.
func TestNoThreadIsLentOfAProcessThatLostOne(t *testing.T) {
	d := crew(t, nil, 2, 4)
	l, healthy := d.lanes[0], d.lanes[1]
	healthy.lend(healthy.idle[1], 0)
	healthy.idle = healthy.idle[:1]
	lost, other := d.takeIdle(), d.takeIdle()
	assert.Same(t, l, lost.lane, "it is the least busy")
	assert.Same(t, l, other.lane)
	d.lose(lost)
	assert.Same(t, healthy, d.takeIdle().lane)
	assert.Nil(t, d.takeIdle())
	d.giveBack(other)
	assert.Nil(t, d.takeIdle(), "one that was busy comes back and stays out of use, too")
	assert.Empty(t, l.busy)
}
