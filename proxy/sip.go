package proxy

import (
	"log/slog"
	"runtime/debug"
	"syscall"
	"time"
)

// sip takes the few bytes that a slow client has sent, and reports whether the connection rests again: that is when they
// complete nothing. It runs in the goroutine of the loop, so that thousands of clients that send a byte a second do not
// put as many goroutines before those that have something to do. It never waits, and never touches a disk.
func (c *conn) sip() (resting bool) {
	defer func() {
		if p := recover(); p != nil { // the loop must not end for one connection
			c.p.log.Error("connection panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			c.leaving, resting = true, false
		}
	}()
	if c.relayed || (c.x != nil && (c.x.upload.file != nil || !c.x.opened)) {
		return false
	}
	var room [trickle]byte
	n := c.readNow(room[:])
	if n == 0 {
		return false // it has ended, or there was nothing
	}
	c.taken = true
	c.in.put(room[:n])
	if n == len(room) { // it sends more than a little
		c.woken = false
		return false
	}
	return c.lacks() && c.rest()
}

// readNow reads what is there, without waiting. It returns 0 for nothing: whatever failed will fail again.
func (c *conn) readNow(p []byte) (n int) {
	err := c.raw.Control(func(fd uintptr) { n, _ = syscall.Read(int(fd), p) })
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// lacks takes what waits as far as it goes and reports whether the client must send more. until is set to when. Where it
// must not, or where something is wrong, the connection's own goroutine sees to it.
func (c *conn) lacks() bool {
	if c.x == nil {
		if block, err := c.scan(); block != nil || err != nil {
			c.in.r -= len(block) // not taken yet
			return false
		}
		c.until = c.headLimit()
		return true
	}
	u := &c.x.upload
	if int64(len(u.memory)+trickle) > c.x.rules.cfg.BodyMemory || !c.x.reserve(len(c.in.pending())) {
		return false // what comes goes to a file
	}
	if c.x.takePending() != nil {
		return false
	}
	c.until = c.x.bodyLimit(time.Now())
	return !u.whole
}
