package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"forebay/dispatch"
	"forebay/proxy/head"
	"forebay/workers"
)

// statusClientGone is nginx's status for a client that left before its answer; it only ever stands in the log.
const statusClientGone = 499

// statusOf is the table of what a client sees of an error.
func statusOf(err error) int {
	var refusal *head.Refusal
	var overload *dispatch.OverloadError
	switch {
	case errors.As(err, &refusal):
		return refusal.Status
	case errors.As(err, &overload):
		return http.StatusServiceUnavailable
	case errors.Is(err, dispatch.ErrClientGone):
		return statusClientGone
	case errors.Is(err, dispatch.ErrTimeout):
		return http.StatusGatewayTimeout
	case errors.Is(err, workers.ErrWorkerDied):
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError // *dispatch.ApplicationError, *brokenResponse, or a fault of ours
}

// refuse answers with an error: the status of the table, a short page that names the request's id and nothing else, and a
// line in the log where an operator may want one.
func (x *exchange) refuse(err error) {
	status := statusOf(err)
	x.report(status, err)
	var overload *dispatch.OverloadError
	if errors.As(err, &overload) {
		seconds := int(overload.RetryAfter / time.Second)
		x.ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(seconds))
	}
	var refusal *head.Refusal
	if errors.As(err, &refusal) && status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		// Where the next request begins is not sure, or not worth waiting for.
		x.ctx.SetConnectionClose()
		x.conn.lingering.Store(true)
	}
	x.ctx.SetStatusCode(status)
	x.writePage(status)
}

// report logs what the client is not told. What a client did wrong is in the access log alone.
func (x *exchange) report(status int, err error) {
	log := x.p.log
	switch status {
	case http.StatusInternalServerError:
		log.Error("request failed", x.attrs(cutAttrs(err)...)...)
	case http.StatusBadGateway:
		log.Error("request lost with its worker", x.attrs("error", err)...)
	case http.StatusGatewayTimeout:
		log.Error("request timed out", x.attrs("after", x.trace.Ran.Round(time.Millisecond))...)
	default:
		log.Debug("request refused", x.attrs("status", status, "reason", err)...)
	}
}

// cutAttrs are the attributes of an error of the application: the traceback apart, as it has many lines.
func cutAttrs(err error) []any {
	attrs := []any{"error", err}
	var app *dispatch.ApplicationError
	if errors.As(err, &app) && strings.Contains(app.Traceback, "\n") {
		attrs = append(attrs, "traceback", app.Traceback)
	}
	return attrs
}

// serveExpect decides whether a client that asked may send its body: fasthttp calls it before it answers 100 Continue.
func (p *Proxy) serveExpect(ctx *fasthttp.RequestCtx) int {
	x := p.begin(ctx, time.Now()) // fasthttp sets the request's own time later
	err := x.readHead()
	if err == nil {
		x.discard()
		return fasthttp.StatusContinue
	}
	defer x.end()
	x.refuse(err)
	return ctx.Response.StatusCode()
}

// serveBroken answers what fasthttp could not read as a request.
func (p *Proxy) serveBroken(ctx *fasthttp.RequestCtx, err error) {
	x := p.begin(ctx, time.Now())
	defer x.end()
	x.unread = true
	x.refuse(brokenRequest(err))
}

// brokenRequest says what an error of fasthttp's means. They are told apart by the few types that it has.
func brokenRequest(err error) error {
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &small):
		return &head.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "the head is larger than head_size"}
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return &head.Refusal{Status: http.StatusRequestTimeout, Reason: "the head did not come in time (head_timeout)"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errBodyBroken // it may have closed one direction only, and still read (RFC 9112, section 8)
	case errors.As(err, &network):
		return &head.Refusal{Status: statusClientGone, Reason: "the client left within its request"}
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding): // or two of them, or one in HTTP/1.0
		return &head.Refusal{Status: http.StatusNotImplemented, Reason: err.Error()}
	}
	return &head.Refusal{Status: http.StatusBadRequest, Reason: err.Error()}
}
