package proxy

import (
	"bytes"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"forebay/proxy/access"
	"forebay/proxy/forwarded"
	"forebay/proxy/head"
	"forebay/proxy/target"
	"forebay/python"
)

// exchange is one request and its answer. It lives in a connection's goroutine and is used again for later requests.
type exchange struct {
	p    *Proxy
	ctx  *fasthttp.RequestCtx
	conn *conn

	id     [idLength]byte
	head   head.Head
	client forwarded.Client
	addr   []byte // REMOTE_ADDR
	port   []byte // REMOTE_PORT
	path   []byte // PATH_INFO; its memory is kept

	start    time.Time
	unread   bool // fasthttp could not read the request: its head is not this one's
	trace    python.Trace
	sent     int64 // bytes of the response's body
	outgoing bool  // the response is a stream, whose end ends the exchange
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (p *Proxy) begin(ctx *fasthttp.RequestCtx, start time.Time) *exchange {
	x := exchanges.Get().(*exchange)
	x.p, x.ctx, x.start = p, ctx, start
	x.conn = ctx.Conn().(*conn)
	x.addr, x.port = x.conn.remoteAddr, x.conn.remotePort
	x.client = forwarded.Client{Addr: x.conn.remote.Addr(), Port: x.conn.remote.Port()}
	p.ids.next(&x.id)
	return x
}

// serve answers one request whose head fasthttp has read. It is called by the connection's goroutine.
func (p *Proxy) serve(ctx *fasthttp.RequestCtx) {
	x := p.begin(ctx, ctx.Time())
	defer x.end()
	if err := x.run(); err != nil {
		x.refuse(err)
	}
}

// run is a request's way. Each step either answers it or lets it go on; an error is answered by refuse.
func (x *exchange) run() error {
	if err := x.readHead(); err != nil {
		return err
	}
	x.identify()
	if served, err := x.p.files.Serve(x.ctx, x.head.Path); served {
		return x.finishStatic(err)
	}
	body, err := x.readBody()
	if err != nil {
		return err
	}
	defer body.free()
	resp, err := x.ask(body)
	if err != nil {
		return err
	}
	return x.answer(resp)
}

// readHead takes the head apart and refuses what is not plain HTTP/1.
func (x *exchange) readHead() error {
	h := &x.ctx.Request.Header
	err := x.head.Parse(h.Method(), h.RequestURI(), h.Protocol(), h.RawHeaders(), x.p.limits)
	if err != nil {
		return err
	}
	if limit := x.p.cfg.BodySize; limit > 0 && x.head.Length > limit {
		return errBodyTooLarge
	}
	return nil
}

// identify finds out who the client is, and takes the words of strangers about it away.
func (x *exchange) identify() {
	if !x.p.trust.Trusted(x.conn.remote.Addr(), x.conn.unix) {
		x.head.Fields = withoutForwarded(x.head.Fields)
		return
	}
	said, any := forwardedFields(x.head.Fields)
	if !any {
		return
	}
	x.client = x.p.trust.Resolve(x.conn.remote, x.conn.unix, said)
	if x.client.Addr.IsValid() {
		x.addr = x.client.Addr.WithZone("").AppendTo(nil)
		x.port = appendPort(nil, x.client.Port)
	}
}

// finishStatic completes what the static files have answered.
func (x *exchange) finishStatic(err error) error {
	status := x.ctx.Response.StatusCode()
	if status >= http.StatusBadRequest {
		return &head.Refusal{Status: status, Reason: reasonOf(err)}
	}
	if !x.ctx.IsHead() {
		x.sent = int64(max(x.ctx.Response.Header.ContentLength(), len(x.ctx.Response.Body())))
	}
	return nil
}

func reasonOf(err error) string {
	if err == nil {
		return "static files"
	}
	return err.Error()
}

// ask has the application answer the request.
func (x *exchange) ask(body body) (*python.Response, error) {
	meta, err := x.meta()
	if err != nil {
		return nil, err
	}
	req := python.NewRequest(&meta, body.Body, x.conn)
	defer req.Release()
	resp, err := x.p.app.Do(req)
	x.trace = req.Trace
	return resp, err
}

// meta gathers what the environ is made from.
func (x *exchange) meta() (python.Meta, error) {
	var err error
	if x.path, err = target.Decode(x.path[:0], x.head.Path); err != nil {
		return python.Meta{}, &head.Refusal{Status: http.StatusBadRequest, Reason: err.Error()}
	}
	path, below := cutMount(x.path, x.p.mount)
	if !below {
		return python.Meta{}, &head.Refusal{Status: http.StatusNotFound, Reason: "not below script_name"}
	}
	h := &x.ctx.Request.Header
	m := python.Meta{
		Method: h.Method(), Target: h.RequestURI(), Path: path, Query: x.head.Query, Protocol: h.Protocol(),
		Scheme:     "http",
		ServerName: x.conn.localAddr, ServerPort: x.conn.localPort,
		RemoteAddr: x.addr, RemotePort: x.port,
		RequestID: x.id[:],
		HasLength: x.head.HasBody(),
		Fields:    x.head.Fields,
	}
	if x.client.Scheme != "" {
		m.Scheme = x.client.Scheme
	}
	if x.head.Absolute {
		m.Host = x.head.Host
	}
	if x.conn.unix {
		m.ServerName, m.ServerPort = serverOf(x.head.Host, m.Scheme)
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

// serverOf returns the name and the port that a client of a unix socket has asked for, as the socket has neither.
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

// end writes the access log's line and lets the exchange go, unless a stream still uses it: then its end does.
func (x *exchange) end() {
	if p := recover(); p != nil { // a panic in one request must not end the server
		x.p.log.Error("request handler panicked", x.attrs("panic", p, "stack", string(debug.Stack()))...)
		x.ctx.Response.Reset()
		x.ctx.Response.SetStatusCode(http.StatusInternalServerError)
		x.ctx.SetConnectionClose()
		x.outgoing = false
	}
	if !x.outgoing {
		x.finish()
	}
}

// finish is the very end of an exchange.
func (x *exchange) finish() {
	x.logAccess()
	x.discard()
}

// discard lets the exchange go without a line in the log: another one follows for the same request.
func (x *exchange) discard() {
	fields, path := x.head.Fields[:0], x.path[:0]
	*x = exchange{}
	x.head.Fields, x.path = fields, path
	exchanges.Put(x)
}

func (x *exchange) logAccess() {
	if !x.p.access.Enabled() {
		return
	}
	now := time.Now()
	entry := access.Entry{
		Time: now, ID: x.id[:], Client: x.client.Addr,
		Referer: x.field("referer"), UserAgent: x.field("user-agent"),
		Status: x.ctx.Response.StatusCode(), Bytes: x.sent,
		Total: now.Sub(x.start), Queue: x.trace.Queued, Application: x.trace.Ran, Worker: x.trace.PID,
	}
	if h := &x.ctx.Request.Header; !x.unread {
		entry.Method, entry.Target, entry.Protocol = h.Method(), h.RequestURI(), h.Protocol()
	}
	x.p.access.Write(&entry)
}

// field returns the value of the first field with a name, which is given in lower case.
func (x *exchange) field(name string) []byte {
	for _, f := range x.head.Fields {
		if python.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// attrs are what every log line about a request has, before more.
func (x *exchange) attrs(more ...any) []any {
	h := &x.ctx.Request.Header
	return append([]any{
		"method", clean(h.Method()), "target", clean(h.RequestURI()), "request_id", string(x.id[:]),
		slog.Int("pid", x.trace.PID),
	}, more...)
}

// clean makes bytes of a client fit for a log of any format.
func clean(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
