package proxy

import (
	"time"

	"forebay/dispatch"
	"forebay/proxy/limit/key"
)

// limit asks the rate limits. A request that is to wait waits here, before its body is read, and holds nothing but its
// connection. The error is a *limit.Refusal, or says that the client has left.
func (x *exchange) limit() error {
	x.conn.sock.Leave() // Redis may be asked
	x.ticket = x.rules.quota.Ask(&key.Request{
		Addr: x.client.Addr, Method: x.head.Method, Path: x.path, Fields: x.head.Fields,
	})
	if x.ticket == nil {
		return nil
	}
	if err := x.ticket.Err(); err != nil {
		x.skipBody()
		return err
	}
	if delay := x.ticket.Delay(); delay > 0 {
		return x.wait(delay)
	}
	return nil
}

// wait lets a time pass, unless the client leaves.
func (x *exchange) wait(delay time.Duration) error {
	begun := time.Now()
	defer func() {
		x.delayed = time.Since(begun)
		x.ticket.Waited()
	}()
	until := begun.Add(delay)
	for delay > 0 {
		timer := time.NewTimer(min(delay, goneInterval))
		<-timer.C
		if x.conn.Gone() {
			return dispatch.ErrClientGone
		}
		delay = time.Until(until)
	}
	return nil
}

// goneInterval is how often is looked whether the client of a request that waits is still there.
const goneInterval = time.Second

// skipBody drops the body of a request that is refused if it is here already, so that the connection can serve another one.
func (x *exchange) skipBody() {
	in, size := &x.conn.in, x.head.Length
	if size > 0 && int64(len(in.pending())) >= size {
		in.r += int(size)
		x.upload.whole = true
	}
}
