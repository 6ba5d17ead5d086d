package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"forebay/config"
	"forebay/proxy"
	"forebay/proxy/admin"
	"forebay/proxy/scrape"
)

// operating is the admin listener within the life of a server: it listens before the workers are started, and ends after
// everything else. nil is a server without one.
type operating struct {
	listener *admin.Admin
	address  string // as the configuration has it
	secure   bool   // with TLS
	socket   *proxy.Private
	serving  context.Context
	stop     context.CancelFunc
}

// newOperating makes the admin listener of a server, if it is to have one.
func (s *server) newOperating(cfg config.Admin) (*operating, error) {
	if cfg.Listen == "" {
		return nil, nil
	}
	entry, err := admin.EntryOf(cfg)
	if err != nil {
		return nil, err
	}
	v := newView(s)
	metrics, err := scrape.New(v.status)
	if err != nil {
		return nil, err
	}
	o := &operating{
		listener: admin.New(entry, v, v, metrics, s.log),
		address:  cfg.Listen, secure: cfg.Cert != "",
	}
	o.serving, o.stop = context.WithCancel(context.Background())
	return o, nil
}

// listen opens the socket, or takes over that of a predecessor.
func (o *operating) listen(left *heritage, log *slog.Logger) (err error) {
	var inherited *proxy.Socket
	if left != nil {
		inherited = left.admin
	}
	switch {
	case o != nil && inherited != nil && inherited.Bind == o.address:
		o.socket, err = proxy.InheritPrivate(*inherited, log)
		return err
	case inherited != nil:
		_ = inherited.File.Close() // nobody listens on it here
	}
	if o != nil {
		o.socket, err = proxy.ListenPrivate(context.Background(), o.address, log)
	}
	return err
}

// begin serves, in a goroutine of running that ends after end or succeeded.
func (o *operating) begin(running *sync.WaitGroup, failed func(part string, err error)) {
	if o == nil {
		return
	}
	o.socket.Keep()
	running.Go(func() { failed("admin listener", o.listener.Run(o.serving, o.socket)) })
}

// use has another entry decide who is let in.
func (o *operating) use(entry *admin.Entry) {
	if o != nil {
		o.listener.Use(entry)
	}
}

// succeeded leaves the socket to our successor, whose clients see the new program from now on.
func (o *operating) succeeded() {
	if o != nil {
		o.socket.Succeeded()
		o.stop()
	}
}

// end has begin's goroutine end.
func (o *operating) end() {
	if o != nil {
		o.stop()
	}
}

// close closes the socket; it may be closed already.
func (o *operating) close() {
	if o != nil && o.socket != nil {
		_ = o.socket.Close() // it was only listened on
	}
}

// url is how to reach it.
func (o *operating) url() string {
	url := proxy.URL(o.socket.Addr())
	if o.secure {
		url = strings.Replace(url, "http:", "https:", 1)
	}
	return url
}
