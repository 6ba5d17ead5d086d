// Package proxy is all of HTTP: the listeners, what a client may send and how long it may take, static files, and the
// one place where the application's answers become messages.
//
// It promises that a request reaches the application only when it is complete and can be read in one way only, that no
// thread of the application waits for a client, and that every request has its line in the access log.
//
// fiber and its fasthttp own the connections. What a request meets on its way stands in exchange.go, in order.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"forebay/config"
	"forebay/proxy/access"
	"forebay/proxy/forwarded"
	"forebay/proxy/head"
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

	fiber  *fiber.App
	limits head.Limits
	files  *static.Files
	trust  *forwarded.Trust
	ids    *ids

	listeners []net.Listener
	detached  sync.WaitGroup // answers that end with their connection
}

// New makes a proxy in front of app. mappings are the static ones, opened; mount is SCRIPT_NAME. It listens on nothing
// yet.
func New(cfg config.Proxy, mount string, mappings []static.Mapping, app Application, accessLog *access.Log, log *slog.Logger) (*Proxy, error) {
	trust, err := forwarded.New(cfg.ForwardedAllowIPs)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		cfg: cfg, mount: mount, app: app, access: accessLog, log: log, trust: trust,
		files: static.New(mappings),
		limits: head.Limits{
			Target: cfg.LimitRequestLine, Fields: cfg.LimitRequestFields, Field: cfg.LimitRequestFieldSize,
		},
		ids: newIDs(),
	}
	p.fiber = fiber.New(p.fiberConfig())
	p.configureServer(p.fiber.Server())
	return p, nil
}

func (p *Proxy) fiberConfig() fiber.Config {
	return fiber.Config{
		DisableStartupMessage:        true,
		ServerHeader:                 "forebay",
		DisableDefaultContentType:    true, // an application says itself what it sends
		DisableHeaderNormalizing:     true, // ETag stays ETag
		DisablePreParseMultipartForm: true, // the body is the application's to parse
		StreamRequestBody:            true, // we read it, into a spool of our own
		BodyLimit:                    1,    // how much fasthttp reads ahead before it calls us; body_size is checked by us
		ReadBufferSize:               p.cfg.HeadSize,
		WriteBufferSize:              writeBuffer,
		ReadTimeout:                  p.cfg.HeadTimeout,
		IdleTimeout:                  p.cfg.KeepAlive,
		DisableKeepalive:             p.cfg.KeepAlive == 0,
		Concurrency:                  connections(p.cfg.MaxConnections),
	}
}

// writeBuffer holds a small answer whole, head and body, so that it leaves in one write.
const writeBuffer = 16 << 10

func connections(limit int) int {
	if limit > 0 {
		return limit
	}
	const most = 1 << 20 // more than the descriptors that a process gets
	return most
}

// configureServer sets what fiber does not pass on. The handler stands before fiber's router, which would refuse methods
// that it does not know: any token is a method to WSGI.
func (p *Proxy) configureServer(s *fasthttp.Server) {
	s.Handler = p.serve
	s.ErrorHandler = p.serveBroken
	s.ExpectHandler = p.serveExpect
	s.CloseOnShutdown = true
	s.SecureErrorLogMessage = true
	s.NoDefaultContentType = true
	s.Logger = serverLog{p.log}
}

// serverLog takes what fasthttp has to say. Errors of single connections are in the access log already.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Printf(format string, args ...any) {
	l.log.Debug("http server", "message", fmt.Sprintf(format, args...))
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
	server := p.fiber.Server()
	failed := make(chan error, len(p.listeners))
	var serving sync.WaitGroup
	for _, ln := range p.listeners {
		serving.Go(func() { // ends when the listener is closed by the shutdown below
			failed <- server.Serve(&listener{Listener: ln, sendTimeout: p.cfg.SendTimeout, log: p.log})
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	// fasthttp knows a listener only when Serve has begun, and a stop may come before: so they are closed here.
	p.Close()
	if stopErr := server.ShutdownWithContext(drain); stopErr != nil && !errors.Is(stopErr, net.ErrClosed) {
		p.log.Warn("connections cut", "error", stopErr)
	}
	serving.Wait()
	p.awaitDetached(drain)
	return err
}

// awaitDetached waits for the answers that fasthttp does not wait for, or for the end of drain.
func (p *Proxy) awaitDetached(drain context.Context) {
	done := make(chan struct{})
	go func() { // ends with the last of them, or with the process
		p.detached.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-drain.Done():
	}
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
