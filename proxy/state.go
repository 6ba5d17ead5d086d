package proxy

import (
	"forebay/proxy/static"
	"forebay/proxy/trace"
)

// State is what the front does at one moment.
type State struct {
	// Open are the connections of clients, and Idle those of them that wait for a request and cost no goroutine. Limit is
	// max_connections: 0 is no limit.
	Open, Idle, Limit int
	// Draining says that no further request is wanted.
	Draining bool
	// Static is what is kept of static files.
	Static static.State
	// Tracing says that spans are exported, and Spans what became of them.
	Tracing bool
	Spans   trace.Counts
}

// State returns what the front does. It does not block, and what it says of one thing may be a moment older than what it
// says of another.
func (p *Proxy) State() State {
	rules := p.rules.Load()
	return State{
		Open: p.door.len(), Idle: p.quiet.Idle() + p.reactor.Resting(), Limit: rules.cfg.MaxConnections,
		Draining: p.draining.Load(),
		Static:   rules.files.State(),
		Tracing:  rules.tracer != nil, Spans: rules.tracer.Counts(),
	}
}
