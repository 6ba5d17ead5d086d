package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/head"
	"forebay/proxy/limit"
	"forebay/proxy/reply"
	"forebay/workers"
)

// statusClientGone is nginx's status for a client that left before its answer; it only ever stands in the log.
const statusClientGone = 499

// statusOf is the table of what a client sees of an error.
func statusOf(err error) int {
	var refusal *head.Refusal
	var overload *dispatch.OverloadError
	var unsent *sendError
	var limited *limit.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Status
	case errors.As(err, &limited):
		return limited.Status
	case errors.As(err, &unsent): // not even 100 Continue
		return statusClientGone
	case errors.As(err, &overload):
		return http.StatusServiceUnavailable
	case errors.Is(err, dispatch.ErrClientGone):
		return statusClientGone
	case errors.Is(err, errCut):
		return http.StatusServiceUnavailable
	case errors.Is(err, dispatch.ErrTimeout):
		return http.StatusGatewayTimeout
	case errors.Is(err, workers.ErrWorkerDied):
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError // *dispatch.ApplicationError, *brokenResponse, or a fault of ours
}

// refuse answers with an error: the status of the table, a short page that names the request's id and nothing else, and a
// line in the log where an operator may want one. It returns an error if the connection ends with it.
func (x *exchange) refuse(err error) error {
	x.conn.sock.Leave() // a line in the log may have to wait
	x.fault = err
	if x.started {
		return x.cut(err)
	}
	x.source = access.Server
	status := statusOf(err)
	x.report(status, err)
	if x.distrust(err, status) {
		// Where the next request begins is not sure, or not worth waiting for.
		x.conn.leaving, x.conn.lingering = true, true
	}
	if status == statusClientGone {
		x.status = status
		x.conn.leaving = true
		return errDone
	}
	var fields []byte
	if seconds := retryAfter(err); seconds > 0 {
		fields = reply.AppendField(nil, []byte("Retry-After"), strconv.AppendInt(nil, seconds, 10))
	}
	return x.sendPage(status, fields)
}

// retryAfter is when a request that ended so may be tried again, in seconds, or 0 if nobody knows.
func retryAfter(err error) int64 {
	var overload *dispatch.OverloadError
	var limited *limit.Refusal
	switch {
	case errors.As(err, &overload):
		return int64(overload.RetryAfter / time.Second)
	case errors.As(err, &limited):
		return limited.Seconds()
	}
	return 0
}

// distrust reports whether the connection must end with a refusal: what follows is not a request, or a body that nobody
// has read.
func (x *exchange) distrust(err error, status int) bool {
	if errors.Is(err, errCut) {
		return true
	}
	var refusal *head.Refusal
	var limited *limit.Refusal
	switch {
	case errors.As(err, &limited):
		return x.unreadBody()
	case errors.As(err, &refusal):
		return (status != http.StatusNotFound && status != http.StatusMethodNotAllowed) || x.unreadBody()
	}
	return false
}

// unreadBody reports whether a body follows that nobody will read.
func (x *exchange) unreadBody() bool {
	return (x.head.Chunked || x.head.Length > 0) && !x.upload.whole
}

// cut ends a connection on which an answer has begun that cannot be ended well. The client must not take what it has for
// the whole.
func (x *exchange) cut(err error) error {
	c := x.conn
	c.leaving, c.unannounced = true, false
	var unsent *sendError
	switch {
	case errors.As(err, &unsent): // it has left, or is too slow
		x.p.log.Debug("client left its answer", x.attrs("error", err)...)
	case errors.Is(err, dispatch.ErrTimeout): // the dispatcher's line has the thread's stack, too
	default:
		x.p.log.Error("response cut", x.attrs(cutAttrs(err)...)...)
	}
	if x.length == unknown && x.head.HTTP10() {
		c.reset() // the regular end of the connection would be that of the body
	}
	return err
}

// report logs what the client is not told. What a client did wrong is in the access log alone.
func (x *exchange) report(status int, err error) {
	log := x.p.log
	switch status {
	case http.StatusInternalServerError:
		log.Error("request failed", x.attrs(cutAttrs(err)...)...)
	case http.StatusBadGateway:
		log.Error("request lost with its worker", x.attrs("error", err)...)
	case http.StatusGatewayTimeout: // as in cut
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
