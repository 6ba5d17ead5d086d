package proxy

import (
	"context"
	"net"
	"slices"

	"forebay/proxy/static"
)

// Change is settings that can be put in force: all that may fail has been done.
type Change struct {
	proxy    *Proxy
	settings Settings
	rules    *rules
	opened   []*listener
}

// Prepare opens what other settings need. Nothing is served by them before Apply; who connects to a new address meanwhile
// waits. If a socket or a directory cannot be opened it changes nothing and says why. The caller ends the change, by Apply
// or by Drop, before it prepares another.
func (p *Proxy) Prepare(ctx context.Context, s Settings) (*Change, error) {
	rules, err := newRules(s)
	if err != nil {
		return nil, err
	}
	opened, err := p.openMissing(ctx, s.Proxy)
	if err != nil {
		return nil, err
	}
	return &Change{p, s, rules, opened}, nil
}

// Serve adds mappings of files to those of the settings. It is called before Apply.
func (c *Change) Serve(mappings []static.Mapping) {
	c.rules.files.Close()
	c.settings.Static = slices.Concat(c.settings.Static, mappings)
	c.rules.files = newFiles(c.settings)
}

// Apply puts the settings in force: for each request that begins from now on, and for the sockets. Those of addresses that
// are gone accept nothing more; what they have accepted goes on. It returns where the proxy listens now.
func (c *Change) Apply() []net.Addr {
	p := c.proxy
	p.room.Limit(c.settings.Descriptors)
	p.rules.Swap(c.rules).files.Close() // requests that began under the old ones open files for themselves
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining.Load() { // it has closed its sockets, or will
		closeAll(c.opened)
		return nil
	}
	kept, gone := splitBy(p.listeners, c.rules.cfg)
	p.listeners = append(kept, c.opened...)
	closeAll(gone)
	for _, l := range kept {
		if err := setBacklog(l.Listener, c.rules.cfg.Backlog); err != nil {
			p.log.Warn("backlog not changed", "address", l.bind, "error", err)
		}
	}
	if p.running {
		p.acceptFrom(c.opened)
	}
	return addresses(p.listeners)
}

// Drop closes what Prepare has opened.
func (c *Change) Drop() { closeAll(c.opened) }
