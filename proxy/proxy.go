// Package proxy is all of HTTP: the listeners, what a client may send and how long it may take, static files, and the
// one place where the application's answers become messages.
//
// It promises that a request reaches the application only when it is complete and can be read in one way only, that no
// thread of the application waits for a client, and that every request has its line in the access log.
//
// Its own loop reads and writes the connections: see conn.go for a connection's life and exchange.go for what a request
// meets on its way, in order.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"forebay/config"
	"forebay/proxy/access"
	"forebay/proxy/quiet"
	"forebay/proxy/reactor"
	"forebay/proxy/rooted"
	"forebay/proxy/shortage"
	"forebay/proxy/static"
	"forebay/python"
	"forebay/python/spool"
)

// Application is what answers the requests that nothing before it does.
type Application interface {
	// Do runs a request and returns its response, which the caller closes, or queues it for its Caller. See
	// dispatch.Dispatcher.Do.
	Do(req *python.Request) (*python.Response, error)
}

// Proxy is the HTTP server. Its methods are safe for concurrent use.
type Proxy struct {
	app    Application
	access *access.Log
	log    *slog.Logger

	rules  atomic.Pointer[rules]
	budget *spool.Budget
	ids    *ids
	clock  clock

	door     door
	room     shortage.Room
	turning  chan struct{} // holds an entry for each client that is being turned away
	quiet    *quiet.Loop
	reactor  *reactor.Reactor
	draining atomic.Bool // no further request is wanted
	patient  atomic.Bool // but those of connections that are open are waited for
	cutting  atomic.Bool // nobody is waited for any more

	mu        sync.Mutex
	listeners []*listener
	inherited []Socket // for Listen
	running   bool
	accepting sync.WaitGroup
}

// New makes a proxy in front of app, which listens on nothing yet. budget bounds the memory of bodies.
func New(s Settings, budget *spool.Budget, app Application, accessLog *access.Log, log *slog.Logger) (*Proxy, error) {
	rules, err := newRules(s)
	if err != nil {
		return nil, err
	}
	loop, err := quiet.New()
	if err != nil {
		return nil, err
	}
	served, err := reactor.New()
	if err != nil {
		_ = loop.Close() // the error that counts is the other
		return nil, err
	}
	p := &Proxy{
		app: app, access: accessLog, log: log,
		budget: budget,
		ids:    newIDs(), turning: make(chan struct{}, maxTurning), quiet: loop, reactor: served,
	}
	p.rules.Store(rules)
	p.room.Limit(s.Descriptors)
	p.reactor.Room = &p.room
	return p, nil
}

// Run serves until ctx ends; then it accepts nothing more, lets the requests that are being served end, and returns when
// they have, or when drain ends. What is left then is cut; see Settle.
func (p *Proxy) Run(ctx, drain context.Context) error {
	var watching sync.WaitGroup
	watching.Go(p.quiet.Run) // ends by its Close below, as the next
	watching.Go(p.reactor.Run)
	p.open()
	<-ctx.Done()
	p.draining.Store(true)
	p.Close()
	p.accepting.Wait()
	if !p.patient.Load() {
		p.quiet.Drain()
		p.reactor.Drain()
	}
	if open := p.door.await(drain); open > 0 {
		p.log.Warn("connections cut", "open", open)
		p.cut()
	}
	err := errors.Join(p.quiet.Close(), p.reactor.Close())
	watching.Wait()
	p.rules.Load().files.Close()
	return err
}

// Alive returns when the parts that all connections share can be had for a moment, which is at once unless something is
// badly wrong: then it blocks. It is what a watchdog asks.
func (p *Proxy) Alive() {
	p.quiet.Alive()
	p.reactor.Alive()
	p.mu.Lock()
	defer p.mu.Unlock()
}

// OpenStatic opens the directories of mappings. The roots stay open as long as the process lives.
func OpenStatic(mappings []config.Static) ([]static.Mapping, error) {
	var opened []static.Mapping
	for _, m := range mappings {
		root, err := rooted.Open(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("static %s: %w", m.Prefix, err)
		}
		opened = append(opened, static.Mapping{Static: m, FS: root})
	}
	return opened, nil
}
