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
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"forebay/config"
	"forebay/proxy/access"
	"forebay/proxy/forwarded"
	"forebay/proxy/head"
	"forebay/proxy/quiet"
	"forebay/proxy/static"
	"forebay/python"
)

// Application is what answers the requests that nothing before it does.
type Application interface {
	// Do runs a request and returns its response, which the caller closes. See dispatch.Dispatcher.Do.
	Do(req *python.Request) (*python.Response, error)
}

// Proxy is the HTTP server.
type Proxy struct {
	cfg    config.Proxy
	mount  string // SCRIPT_NAME: the prefix of the paths that the application sees
	app    Application
	access *access.Log
	log    *slog.Logger

	fiber  *fiber.App // reads what clients accept
	limits head.Limits
	files  *static.Files
	trust  *forwarded.Trust
	ids    *ids
	clock  clock
	quiet  *quiet.Loop

	listeners []net.Listener
	door      door
	turning   chan struct{} // holds an entry for each client that is being turned away
	draining  atomic.Bool   // no further request is wanted
}

// New makes a proxy in front of app. mappings are the static ones, opened; mount is SCRIPT_NAME. It listens on nothing
// yet.
func New(cfg config.Proxy, mount string, mappings []static.Mapping, app Application, accessLog *access.Log, log *slog.Logger) (*Proxy, error) {
	trust, err := forwarded.New(cfg.ForwardedAllowIPs)
	if err != nil {
		return nil, err
	}
	loop, err := quiet.New()
	if err != nil {
		return nil, err
	}
	return &Proxy{
		cfg: cfg, mount: mount, app: app, access: accessLog, log: log, trust: trust,
		fiber: fiber.New(fiber.Config{DisableStartupMessage: true}),
		files: static.New(mappings),
		limits: head.Limits{
			Target: cfg.LimitRequestLine, Fields: cfg.LimitRequestFields, Field: cfg.LimitRequestFieldSize,
		},
		ids:     newIDs(),
		quiet:   loop,
		turning: make(chan struct{}, maxTurning),
	}, nil
}

// Listen opens the sockets of all addresses, or none. It returns their addresses, with the ports that were chosen where
// port 0 was asked for.
func (p *Proxy) Listen(ctx context.Context) ([]net.Addr, error) {
	var addrs []net.Addr
	for _, address := range p.cfg.Bind {
		ln, err := listen(ctx, address, p.cfg.Backlog)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.listeners = append(p.listeners, ln)
		addrs = append(addrs, ln.Addr())
	}
	return addrs, nil
}

// Close closes the sockets that Listen has opened, for a start that fails before Run. Run closes them itself.
func (p *Proxy) Close() {
	for _, ln := range p.listeners {
		_ = ln.Close() // what it has accepted goes on
	}
	p.listeners = nil
}

// Run serves until ctx ends; then it accepts nothing more, lets the requests that are being served end, and returns when
// they have, or when drain ends. It returns an error if a listener fails.
func (p *Proxy) Run(ctx, drain context.Context) error {
	var watching, accepting sync.WaitGroup
	watching.Go(p.quiet.Run) // ends by its Close below
	for _, ln := range p.listeners {
		accepting.Go(func() { p.accept(&listener{ln, p.log}) }) // ends by Close below
	}
	<-ctx.Done()
	p.draining.Store(true)
	p.Close()
	accepting.Wait()
	p.quiet.Drain()
	if open := p.door.await(drain); open > 0 {
		p.log.Warn("connections cut", "open", open)
	}
	err := p.quiet.Close()
	watching.Wait()
	return err
}

// OpenStatic opens the directories of mappings. The roots stay open as long as the process lives.
func OpenStatic(mappings []config.Static) ([]static.Mapping, error) {
	var opened []static.Mapping
	for _, m := range mappings {
		fsys, _, err := static.Dir(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("static %s: %w", m.Prefix, err)
		}
		opened = append(opened, static.Mapping{Prefix: m.Prefix, FS: fsys})
	}
	return opened, nil
}
