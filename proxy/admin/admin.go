// Package admin is the listener for operators: the live page, the state of the server as JSON and as a stream of events,
// metrics, profiles, the stacks of threads, and the orders to reload and to stop.
//
// It promises that nobody gets in whom the configuration does not let in, that no page of another site that an operator's
// browser has open reads from it or gives it orders, and that no client of it, however slow, holds up a request or another
// client. What it costs the server is bounded: see the constants.
//
// It is fiber's own server that reads these requests, and not the loop of package proxy: nothing here is in a request's way.
package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"forebay/config"
	"forebay/proxy/status"
	"forebay/workers"
)

const (
	// maxConnections is how many clients may be connected; further ones are answered 503.
	maxConnections = 128
	// maxStreams is how many of them may have the stream of events; further ones are answered 503.
	maxStreams = 32
	// readTimeout is how long a request may take to come, and a TLS handshake to be done.
	readTimeout = 10 * time.Second
	// idleTimeout is how long an idle connection is kept.
	idleTimeout = time.Minute
	// writeTimeout is the longest pause of a client that does not read.
	writeTimeout = 10 * time.Second
	// headSize bounds the head of a request and bodySize its body, in bytes. No request has a body that anybody reads.
	headSize = 16 << 10
	bodySize = 4 << 10
	// closeTimeout is how long requests that are being answered may take at the end.
	closeTimeout = time.Second
)

// Observed is what the listener shows. Its methods are safe for concurrent use.
type Observed interface {
	// Status is the state of the server. It does not block.
	Status(history bool) *status.Status
	// Ready says why no request should be sent to the server now; empty if it serves.
	Ready() string
	// Stacks are where the threads of the worker with that process id are; see workers.Worker. It may take some seconds.
	Stacks(pid int) ([]workers.Stack, bool)
}

// Controlled is who takes orders. Its methods do not block.
type Controlled interface {
	// Reload asks for a reload, as SIGHUP does, and returns how many have begun so far: the one that was asked for is a later
	// one, as status.Reload counts them.
	Reload() (begun uint64)
	// Stop asks for a stop in good order, as SIGTERM does.
	Stop()
}

// Metrics are what Prometheus reads.
type Metrics interface {
	// Text returns them in the format that fits an Accept field best, and its media type. It does not block.
	Text(accept string) (mediaType string, body []byte, err error)
}

// Admin is the listener. Its methods are safe for concurrent use.
type Admin struct {
	observed   Observed
	controlled Controlled
	log        *slog.Logger
	app        *fiber.App
	metrics    Metrics

	entry   atomic.Pointer[Entry]
	private bool   // only by way of a file: no browser comes so
	cookie  string // the name of ours: cookies are shared by all ports of a host

	interval time.Duration // between two events
	streams  chan struct{} // holds an entry for each stream of events
	over     chan struct{} // closed when they are to end
	ending   sync.Once
}

// New makes a listener for whom entry lets in.
func New(entry *Entry, observed Observed, controlled Controlled, metrics Metrics, log *slog.Logger) *Admin {
	a := &Admin{
		observed: observed, controlled: controlled, metrics: metrics, log: log,
		interval: eventInterval, streams: make(chan struct{}, maxStreams), over: make(chan struct{}),
	}
	a.entry.Store(entry)
	a.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		ReadTimeout:           readTimeout,
		IdleTimeout:           idleTimeout,
		ReadBufferSize:        headSize,
		BodyLimit:             bodySize,
		Concurrency:           maxConnections,
		ErrorHandler:          answerError,
	})
	server := a.app.Server()
	server.Logger = quietLog{log}
	server.NoDefaultServerHeader = true
	a.route()
	return a
}

// quietLog takes what fasthttp has to say about its connections, which is about clients.
type quietLog struct{ log *slog.Logger }

func (l quietLog) Printf(format string, args ...any) {
	l.log.Debug("admin connection", "error", fmt.Sprintf(format, args...))
}

// Run serves what ln accepts until ctx ends, and closes ln. Requests that are being answered then have a second to end.
func (a *Admin) Run(ctx context.Context, ln net.Listener) error {
	a.private = ln.Addr().Network() == "unix"
	a.cookie = cookieName(ln.Addr())
	l := newListener(ln, &a.entry)
	served := make(chan error, 1)
	go func() { served <- a.app.Listener(l) }() // ends when l is closed
	var err error
	select {
	case <-ctx.Done():
		_ = l.Close() // it is not to be used any more, whatever is wrong with it
		a.ending.Do(func() { close(a.over) })
		err = <-served
	case err = <-served:
	}
	closing, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = a.app.ShutdownWithContext(closing) // what it does not wait for is cut
	l.cut()
	if err != nil {
		return fmt.Errorf("serve the admin listener: %w", err)
	}
	return nil
}

// Use has another entry decide about requests from now on, and about connections from the next one on.
func (a *Admin) Use(entry *Entry) { a.entry.Store(entry) }

// EntryOf reads the files that cfg names.
func EntryOf(cfg config.Admin) (*Entry, error) { return newEntry(cfg) }
