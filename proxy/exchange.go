package proxy

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"forebay/config"
	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/forwarded"
	"forebay/proxy/head"
	"forebay/proxy/limit"
	"forebay/proxy/target"
	"forebay/proxy/trace"
	"forebay/python"
)

// exchange is one request and its answer. It belongs to its connection and is used again for later requests of any.
type exchange struct {
	p     *Proxy
	rules *rules
	conn  *conn

	id     []byte         // part of the head, if a proxy has given it
	made   [idLength]byte // an id of ours
	start  time.Time
	block  []byte // the head as received, which head has parts of
	head   head.Head
	opened bool          // the head has been read and judged
	ticket *limit.Ticket // of the rate limits that the request is under, or nil
	rule   int           // index of the settings of its path, or config.NoPath
	buffer []byte        // what block lies in, where the connection's input has gone on to another one
	upload upload

	req     *python.Request // nil before the application is asked
	resp    *python.Response
	failure error // why there is no response

	client forwarded.Client
	addr   []byte // REMOTE_ADDR
	port   []byte // REMOTE_PORT
	path   []byte // the path, decoded; its memory is kept
	trace  python.Trace

	traceID []byte     // of the trace that the request is part of, as text; nil if it is part of none
	span    trace.Span // of ours in it, if we trace
	parent  [trace.ParentLen]byte
	state   []byte        // the tracestate that came with it, part of the head
	before  time.Duration // in which proxies had the request, before start

	out     []byte // the head of the answer, and a body that is small; its memory is kept
	status  int
	length  int64 // of the answer's body, as announced; -1: chunked, or until the end of the connection
	started bool  // something of the answer has left
	sent    int64 // bytes of the answer's body

	read    time.Duration // from start until the request was whole, or could be answered
	delayed time.Duration // by a rate limit
	source  access.Source
	fault   error        // why the answer is what it is, or nil
	told    access.Entry // what there is to say about the request; here, as it would be allocated otherwise
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// begin makes the exchange of a request whose head is block; nil if it could not be read.
func (p *Proxy) begin(c *conn, block []byte) *exchange {
	x := exchanges.Get().(*exchange)
	c.rules = p.rules.Load()
	x.p, x.rules, x.conn, x.block = p, c.rules, c, block
	x.rule = config.NoPath
	x.start = time.Now()
	if !c.first.IsZero() {
		x.read = x.start.Sub(c.first)
		x.start = c.first
	}
	x.addr, x.port = c.remoteAddr, c.remotePort
	x.client = forwarded.Client{Addr: c.remote.Addr(), Port: c.remote.Port()}
	p.ids.next(&x.made)
	x.id = x.made[:]
	c.served++
	c.sending = sending{}
	return x
}

// run is a request's way. It returns errQuiet while the client is slow to send its body, and dispatch.ErrQueued while the
// application's threads are busy, and is then called again. Any other error is answered by refuse.
func (x *exchange) run() error {
	if !x.opened {
		if err := x.open(); err != nil {
			return err
		}
		if x.rules.quota != nil {
			if err := x.limit(); err != nil {
				return err
			}
		}
		if served, err := x.serveStatic(); served {
			return err
		}
		if err := x.admit(); err != nil {
			return err
		}
	}
	if err := x.receive(); err != nil {
		return err
	}
	resp, err := x.ask()
	if err != nil {
		return err
	}
	return x.answer(resp)
}

// open reads the head and refuses what is not plain HTTP/1.
func (x *exchange) open() error {
	x.opened = true
	if err := x.head.Read(x.block, x.rules.limits); err != nil {
		return err
	}
	x.identify()
	var err error
	if x.path, err = target.Decode(x.path[:0], x.head.Path); err != nil {
		return &head.Refusal{Status: http.StatusBadRequest, Reason: err.Error()}
	}
	x.rule = config.MatchPath(x.rules.paths, x.path)
	return nil
}

// identify finds out who the client is and what others call the request, and takes the words of strangers about it away.
func (x *exchange) identify() {
	c := x.conn
	trusted := x.rules.trust.Trusted(c.remote.Addr(), c.unix)
	x.mark(trusted)
	if !trusted {
		x.head.Fields = withoutForwarded(x.head.Fields)
		return
	}
	said, any := forwardedFields(x.head.Fields)
	if !any {
		return
	}
	x.client = x.rules.trust.Resolve(c.remote, c.unix, said)
	if x.client.Addr.IsValid() {
		x.addr = x.client.Addr.WithZone("").AppendTo(nil)
		x.port = appendPort(nil, x.client.Port)
	}
}

// admit decides whether the client may send its body, and tells it so if it asks (RFC 9110, section 10.1.1).
func (x *exchange) admit() error {
	limits := x.rules.body(x.rule)
	if limits.size > 0 && x.head.Length > limits.size {
		return errBodyTooLarge
	}
	x.upload.begin(&x.head, limits, time.Now())
	if x.head.Expects && !x.upload.whole && x.conn.in.empty() {
		return x.conn.write(continueLine)
	}
	return nil
}

var continueLine = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// ask has the application answer the request. After dispatch.ErrQueued the exchange and its connection are another
// goroutine's, see Answered, which comes here again.
func (x *exchange) ask() (*python.Response, error) {
	if x.req == nil {
		meta, err := x.meta()
		if err != nil {
			return nil, err
		}
		x.req = python.NewRequest(&meta, x.upload.body(), x.conn)
		x.req.Path = x.rule
		if x.conn.sock != nil {
			x.req.Caller = x
		}
		resp, err := x.p.app.Do(x.req)
		if errors.Is(err, dispatch.ErrQueued) {
			return nil, err
		}
		x.resp, x.failure = resp, err
	}
	x.trace = x.req.Trace
	x.req.Release()
	x.upload.free()
	return x.resp, x.failure
}

// Leave is called before the application is waited for. It implements python.Caller, as the next.
func (x *exchange) Leave() { x.conn.sock.Leave() }

// Answered goes on with the connection of a request that was queued.
func (x *exchange) Answered(resp *python.Response, err error, lead python.Lead) {
	x.resp, x.failure = resp, err
	x.conn.sock.Lead(lead)
	x.conn.serve()
}

// meta gathers what the environ is made from.
func (x *exchange) meta() (python.Meta, error) {
	path, below := cutMount(x.path, x.rules.mount)
	if !below {
		return python.Meta{}, &head.Refusal{Status: http.StatusNotFound, Reason: "not below script_name"}
	}
	h, c := &x.head, x.conn
	m := python.Meta{
		Method: h.Method, Target: h.Target, Path: path, Query: h.Query, Protocol: h.Protocol,
		Scheme:     x.scheme(),
		ServerName: c.localAddr, ServerPort: c.localPort,
		RemoteAddr: x.addr, RemotePort: x.port,
		RequestID: x.id,
		HasLength: h.HasBody(),
		Fields:    h.Fields,
	}
	if h.Absolute {
		m.Host = h.Host
	}
	switch {
	case len(x.client.Host) > 0: // HTTP_HOST stays what the proxy asks for: see forwarded.Client
		m.ServerName, m.ServerPort = serverOf(x.client.Host, m.Scheme)
	case c.unix:
		m.ServerName, m.ServerPort = serverOf(h.Host, m.Scheme)
	}
	if x.client.ServerPort > 0 {
		m.ServerPort = appendPort(nil, x.client.ServerPort)
	}
	return m, nil
}

// cutMount takes SCRIPT_NAME off a path and reports whether the path is below it.
func cutMount(path []byte, mount string) (rest []byte, below bool) {
	if mount == "" {
		return path, true
	}
	if !bytes.HasPrefix(path, []byte(mount)) {
		return nil, false
	}
	rest = path[len(mount):]
	return rest, len(rest) == 0 || rest[0] == '/'
}

// serverOf returns the name and the port that a client has asked for, where the connection has neither, or is a proxy's.
// PEP 3333: SERVER_NAME and SERVER_PORT are never empty.
func serverOf(host []byte, scheme string) (name, port []byte) {
	name, port = host, nil
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && !bytes.HasSuffix(host, []byte("]")) {
		name, port = host[:i], host[i+1:]
	}
	if len(name) == 0 {
		name = []byte("localhost")
	}
	if len(port) == 0 {
		port = []byte("80")
		if scheme == "https" {
			port = []byte("443")
		}
	}
	return name, port
}

// finish counts the request, writes the access log's line and lets the exchange go.
func (x *exchange) finish() {
	x.note()
	x.upload.free()
	if x.ticket != nil {
		x.ticket.Close()
	}
	if x.buffer != nil {
		freeInput(x.buffer)
	}
	x.conn.x = nil
	fields, path, out := x.head.Fields[:0], x.path[:0], x.out[:0]
	*x = exchange{path: path, out: out}
	x.head.Fields = fields
	exchanges.Put(x)
}

// note tells of the answered request those who want to know.
func (x *exchange) note() {
	if x.rules.observer == nil && !x.p.access.Enabled() && !x.span.Sampled() {
		return
	}
	x.told = x.entry(time.Now())
	x.rules.observer.Observe(&x.told)
	x.p.access.Write(&x.told)
	if x.span.Sampled() {
		x.rules.tracer.End(&x.span, &trace.Request{Entry: &x.told, State: x.state})
	}
}

// entry is what there is to say about the request, now that it has been answered. Its bytes are the exchange's.
func (x *exchange) entry(now time.Time) access.Entry {
	return access.Entry{
		Time: now, ID: x.id, TraceID: x.traceID, Client: x.client.Addr,
		Method: x.head.Method, Target: x.head.Target, Protocol: x.head.Protocol,
		Decoded: x.path, Host: x.head.Host, Scheme: x.scheme(), Fields: x.head.Fields, Answer: x.out,
		Status: x.status, Received: x.upload.total, Bytes: x.sent,
		Before: x.before, Total: now.Sub(x.start), Read: x.read, Delayed: x.delayed, Queue: x.trace.Queued, Application: x.trace.Ran,
		Worker: x.trace.PID, Thread: x.trace.Thread, Tries: x.trace.Tries,
		Source: x.source, Path: x.rule, Fault: x.fault, Reason: reasonOf(x.fault),
	}
}

// scheme is that of the client's request, as far as we are told.
func (x *exchange) scheme() string {
	if x.client.Scheme == "" {
		return "http"
	}
	return x.client.Scheme
}

// attrs are what every log line about a request has, before more: its worker, too, if one has had it.
func (x *exchange) attrs(more ...any) []any {
	attrs := []any{"method", clean(x.head.Method), "target", clean(x.head.Target), "request_id", string(x.id)}
	if x.trace.PID > 0 {
		attrs = append(attrs, "pid", x.trace.PID)
	}
	return append(attrs, more...)
}

// clean makes bytes of a client fit for a log of any format.
func clean(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
