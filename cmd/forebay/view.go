package main

import (
	"forebay/proxy"
	"forebay/proxy/status"
	"forebay/workers"
)

// view is a server as its admin listener sees it. It implements admin.Observed and admin.Controlled.
type view struct {
	server *server
	status *status.Server
}

func newView(s *server) *view {
	return &view{server: s, status: &status.Server{
		Version: buildVersion(), Started: s.born,
		State: s.state, App: s.app, Python: s.python, Listeners: s.urls, Reload: s.outcome.reload, Dropped: s.access.Dropped,
		Meter: s.meter, Proxy: s.proxy, Dispatcher: s.dispatcher, Pool: s.pool, Limiter: s.limiter, Budget: s.budget,
	}}
}

func (v *view) Status(history bool) *status.Status { return v.status.Status(history) }

func (v *view) Stacks(pid int) ([]workers.Stack, bool) { return v.server.pool.Stacks(pid) }

func (v *view) Ready() string {
	switch state := v.server.state(); {
	case state != status.Serving:
		return state
	case v.server.dispatcher.State().Threads == 0:
		return "no worker"
	}
	return ""
}

func (v *view) Reload() uint64 {
	begun := v.server.outcome.count()
	v.server.askReload()
	return begun
}

func (v *view) Stop() { v.server.askStop("by", "the admin listener") }

// state is where the server is in its life.
func (s *server) state() string {
	switch {
	case s.stopping.asked():
		return status.Draining
	case s.first.Load() == nil:
		return status.Starting
	}
	return status.Serving
}

// app is the application that is in force.
func (s *server) app() string { return *s.spec.Load() }

// python is the version that the first worker has named.
func (s *server) python() string {
	if first := s.first.Load(); first != nil {
		return first.Version
	}
	return ""
}

// urls are the addresses that are listened on.
func (s *server) urls() []string {
	var urls []string
	for _, addr := range s.proxy.Addrs() {
		urls = append(urls, proxy.URL(addr))
	}
	return urls
}
