package proxy

import (
	"context"
	"errors"
	"time"
)

// errCut says that the server is going down and waits no longer.
var errCut = errors.New("the server is going down")

// cut ends what a drain has not ended: no client is read, or written to, any further. A request that an application is
// busy with ends with its worker.
func (p *Proxy) cut() {
	p.cutting.Store(true)
	for _, c := range p.door.all() {
		c.cut()
	}
	p.quiet.End()
	p.reactor.Drain()
}

// cut leaves a client a moment for what is being sent to it, and none for what it sends.
func (c *conn) cut() {
	now := time.Now()
	_ = c.Conn.SetReadDeadline(now) // fails only on a closed connection, as read and write will
	_ = c.Conn.SetWriteDeadline(now.Add(lastWrite))
}

const (
	lastWrite = 100 * time.Millisecond
	// settleTime is how long the lines of requests that were cut are waited for.
	settleTime = time.Second
)

// Settle waits until the last requests have their line in the access log, also those that were cut, but not for long. It
// is called after Run, when no worker is left.
func (p *Proxy) Settle() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if open := p.door.await(ctx); open > 0 {
		p.log.Warn("connections left behind", "open", open)
	}
}
