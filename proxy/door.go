package proxy

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"forebay/proxy/head"
)

var (
	errTooMany     = &head.Refusal{Status: http.StatusServiceUnavailable, Reason: "too many connections (max_connections)"}
	errTooManyFrom = &head.Refusal{Status: http.StatusServiceUnavailable, Reason: "too many connections of one address (max_connections_per_address)"}
)

// door counts the open connections: all, and those of each address.
type door struct {
	mu    sync.Mutex
	open  map[*conn]struct{}
	from  map[netip.Addr]int // only where there is a limit for an address
	empty chan struct{}      // closed when the last connection has ended; nil while nobody waits for it
}

// enter counts a connection, and reports whether it is one too many.
func (d *door) enter(c *conn, limit int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = map[*conn]struct{}{}
	}
	d.open[c] = struct{}{}
	if limit > 0 && len(d.open) > limit {
		return errTooMany
	}
	return nil
}

// claim counts a connection of an address, unless it is one too many.
func (d *door) claim(from netip.Addr, limit int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.from == nil {
		d.from = map[netip.Addr]int{}
	}
	if d.from[from] >= limit {
		return errTooManyFrom
	}
	d.from[from]++
	return nil
}

// leave is for each connection that has entered. from is invalid if it has claimed no address.
func (d *door) leave(c *conn, from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	if from.IsValid() {
		if d.from[from]--; d.from[from] == 0 {
			delete(d.from, from)
		}
	}
	if len(d.open) == 0 && d.empty != nil {
		close(d.empty)
		d.empty = nil
	}
}

// await waits until no connection is open, or for the end of ctx, and returns how many still are. Nothing enters any more.
func (d *door) await(ctx context.Context) int {
	d.mu.Lock()
	if len(d.open) == 0 {
		d.mu.Unlock()
		return 0
	}
	empty := make(chan struct{})
	d.empty = empty
	d.mu.Unlock()
	select {
	case <-empty:
		return 0
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

// all returns the connections that are open. They may end at any moment.
func (d *door) all() []*conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.open))
}

// len returns how many connections are open.
func (d *door) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

// household is what counts as one address: an IPv6 client has a whole /64 (RFC 6177).
func household(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	prefix, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return prefix.Addr()
}

// enter counts a connection, and finds out whether it is one too many.
func (c *conn) enter() {
	c.unwelcome = c.p.door.enter(c, c.rules.cfg.MaxConnections)
	if c.unwelcome == nil {
		c.unwelcome = c.claim()
	}
}

// claim counts the connection among those of its client's address, where there is a limit. Whom a relay's connection is
// for shows later.
func (c *conn) claim() error {
	limit := c.rules.cfg.MaxConnectionsPerAddress
	if limit <= 0 || !c.remote.IsValid() || c.relayed {
		return nil
	}
	from := household(c.remote.Addr())
	if err := c.p.door.claim(from, limit); err != nil {
		return err
	}
	c.household = from
	return nil
}

// turnAway answers a connection that is one too many. A few of them are given the time to read the answer.
func (p *Proxy) turnAway(c *conn, reason error) {
	c.sock.Leave() // the end of it may take a while
	p.forget(c)    // it takes nobody's place
	c.x = p.begin(c, nil)
	_ = c.x.refuse(reason) // the connection ends in any case
	select {
	case p.turning <- struct{}{}:
		go func() { // ends after lingerTime
			c.end()
			<-p.turning
		}()
	default:
		c.lingering = false
		c.end()
	}
}

// maxTurning is how many clients that were turned away are waited for at once.
const maxTurning = 256

// forget is called when a connection has ended.
func (p *Proxy) forget(c *conn) {
	if !c.forgotten {
		c.forgotten = true
		p.door.leave(c, c.household)
	}
}
