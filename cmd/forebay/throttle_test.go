package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan int, 10) // by the timer's goroutine, and ours
		bound := newThrottle(func(dropped int) { told <- dropped })
		pass := func(records int) (passed int) {
			for range records {
				if bound.allow() {
					passed++
				}
			}
			return passed
		}
		assert.Equal(t, 100, pass(100), "no bound")
		bound.setRate(10)
		time.Sleep(time.Second)
		assert.Equal(t, 10, pass(25))
		assert.Empty(t, told, "the second is not over")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, 15, <-told)
		assert.Equal(t, 10, pass(10))
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Empty(t, told, "nothing was dropped")
		assert.Equal(t, 10, pass(12))
		bound.flush()
		assert.Equal(t, 2, <-told)
		bound.flush()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Empty(t, told)
	})
}
