package proxy

import (
	"strings"
	"time"

	"forebay/config"
	"forebay/proxy/compress"
	"forebay/proxy/forwarded"
	"forebay/proxy/handover"
	"forebay/proxy/head"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/proxy/static"
	"forebay/proxy/trace"
)

// Settings are what the configuration says about HTTP.
type Settings struct {
	Proxy config.Proxy
	Paths []config.Path
	// Mount is SCRIPT_NAME: the prefix of the paths that the application sees.
	Mount string
	// Static are the mappings of files, opened.
	Static []static.Mapping
	// Descriptors are how many may be open in the process when a client is let in; 0 is no bound. See shortage.Room.
	Descriptors int
	// Limits are the rate limits; nil is none.
	Limits *limit.Limits
	// Meter counts the requests; nil: nobody wants to know.
	Meter *measure.Meter
	// Tracer exports a span for each request; nil: nothing is traced.
	Tracer *trace.Tracer
}

// rules are the settings in the form in which requests meet them. They are never changed: a reload makes others, and a
// request is under those that were in force when it began.
type rules struct {
	cfg        config.Proxy
	paths      []config.Path
	observer   *measure.Observer // nil: nobody counts
	mount      string
	limits     head.Limits
	quota      *limit.Limits // rate limits; nil: none
	files      *static.Files
	named      *handover.Files // files that the application names
	compressor *compress.Compressor
	trust      *forwarded.Trust // whose forwarded fields are believed
	relays     *forwarded.Trust // whose connections begin with a PROXY header
	tracer     *trace.Tracer    // nil: nothing is traced
	idField    []byte           // the name of the field with a request's id
	idName     string           // in lower case; empty: there is none

	// Not from the configuration; see usualStay and usualHalfClosed.
	stay, halfClosed time.Duration
}

func newRules(s Settings) (*rules, error) {
	r := &rules{
		cfg: s.Proxy, paths: s.Paths, mount: s.Mount, files: newFiles(s),
		compressor: compress.New(s.Proxy), tracer: s.Tracer,
		stay: usualStay, halfClosed: usualHalfClosed,
		idField: []byte(s.Proxy.RequestIDHeader), idName: strings.ToLower(s.Proxy.RequestIDHeader),
		limits: head.Limits{
			Target: s.Proxy.LimitRequestLine, Fields: s.Proxy.LimitRequestFields, Field: s.Proxy.LimitRequestFieldSize,
		},
	}
	if s.Meter != nil {
		r.observer = s.Meter.For(s.Paths)
	}
	if s.Limits != nil && s.Limits.Any() {
		r.quota = s.Limits
	}
	var err error
	if r.trust, err = forwarded.New(s.Proxy.ForwardedAllowIPs); err != nil {
		return nil, err
	}
	if r.relays, err = forwarded.New(s.Proxy.ProxyProtocolFrom); err != nil {
		return nil, err
	}
	r.named, err = handover.Open(s.Proxy.XSendfile, s.Proxy.XAccelRedirect)
	return r, err
}

// newFiles makes what answers for static files.
func newFiles(s Settings) *static.Files {
	return static.New(s.Static, s.Proxy.StaticMemory, int64(s.Proxy.StaticFiles))
}

// body returns the limits of the body of a request whose path has that index in Settings.Paths, or config.NoPath.
func (r *rules) body(path int) (b bodyRules) {
	b = bodyRules{size: r.cfg.BodySize, pause: r.cfg.BodyTimeout, rate: r.cfg.BodyMinRate}
	if path == config.NoPath {
		return b
	}
	own := &r.paths[path]
	if own.BodySize != nil {
		b.size = *own.BodySize
	}
	if own.BodyTimeout != nil {
		b.pause = *own.BodyTimeout
	}
	if own.BodyMinRate != nil {
		b.rate = *own.BodyMinRate
	}
	return b
}
