package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBurstEndsWhenNothingFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst()
		began := time.Now()
		assert.True(t, b.add("b"))
		time.Sleep(quiet - 1)
		assert.False(t, b.add("a"))
		assert.False(t, b.add("a"))
		<-b.over.C
		assert.Equal(t, 2*quiet-1, time.Since(began))
		assert.Equal(t, []string{"a", "b"}, b.take())
		assert.True(t, b.add("c"), "another one begins")
		<-b.over.C
		assert.Equal(t, []string{"c"}, b.take())
	})
}

func TestBurstEndsAtLastWhateverFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst()
		began := time.Now()
		for more := true; more; {
			b.add("a")
			select {
			case <-b.over.C:
				more = false
			case <-time.After(quiet / 2):
			}
		}
		assert.Equal(t, longest, time.Since(began))
	})
}
