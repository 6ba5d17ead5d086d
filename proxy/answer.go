package proxy

import (
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"forebay/proxy/head"
	"forebay/python"
)

// brokenResponse says which rule of HTTP the application's response breaks.
type brokenResponse struct{ reason string }

func (e *brokenResponse) Error() string {
	return "the application's response is not valid: " + e.reason
}

func broken(format string, args ...any) error {
	return &brokenResponse{fmt.Sprintf(format, args...)}
}

// framing is what a response says of its own length.
type framing struct {
	length int64 // Content-Length, or -1
}

// answer makes the HTTP response. This is the one place where status, fields and length of an application are checked
// before a byte leaves: nothing that it sends can end a message early, begin another one, or leave one open.
func (x *exchange) answer(resp *python.Response) error {
	f, err := x.copyHead(resp)
	if err != nil {
		resp.Close()
		x.ctx.Response.Reset()
		return err
	}
	switch {
	case x.ctx.IsHead(), resp.Status == http.StatusNoContent, resp.Status == http.StatusNotModified:
		x.answerBare(resp, f)
	case resp.Stream != nil, resp.File != nil:
		x.answerStream(resp, f)
	default:
		x.answerWhole(resp, f)
	}
	return nil
}

// copyHead checks status and fields and copies them to the server's response.
func (x *exchange) copyHead(resp *python.Response) (framing, error) {
	f := framing{length: -1}
	if resp.Status < http.StatusOK {
		return f, broken("status %d is not a final one", resp.Status) // RFC 9110, section 15.2
	}
	out := &x.ctx.Response.Header
	out.SetStatusCode(resp.Status)
	if len(resp.Reason) > 0 && string(resp.Reason) != fasthttp.StatusMessage(resp.Status) {
		if head.ControlByte(resp.Reason) >= 0 {
			return f, broken("a control character in the status")
		}
		out.SetStatusMessage(resp.Reason)
	}
	for _, field := range resp.Fields {
		if !head.IsToken(field.Name) {
			return f, broken("field name %q", field.Name)
		}
		if head.ControlByte(field.Value) >= 0 {
			return f, broken("a control character in the value of field %s", field.Name)
		}
		switch {
		case isHopByHop(field.Name):
		case python.EqualFold(field.Name, "content-length"):
			if err := f.setLength(field.Value); err != nil {
				return f, err
			}
		default:
			out.AddBytesKV(field.Name, field.Value)
		}
	}
	return f, nil
}

func (f *framing) setLength(value []byte) error {
	n, err := strconv.ParseUint(string(value), 10, 62)
	if err != nil || (f.length >= 0 && f.length != int64(n)) {
		return broken("Content-Length %q", value)
	}
	f.length = int64(n)
	return nil
}

// isHopByHop reports whether a field is about the connection, which is ours and not the application's (RFC 9110, section
// 7.6.1; PEP 3333, "Other HTTP Features").
func isHopByHop(name []byte) bool {
	switch len(name) {
	case len("te"):
		return python.EqualFold(name, "te")
	case len("trailer"):
		return python.EqualFold(name, "trailer") || python.EqualFold(name, "upgrade")
	case len("connection"):
		return python.EqualFold(name, "connection") || python.EqualFold(name, "keep-alive")
	case len("proxy-connection"):
		return python.EqualFold(name, "proxy-connection")
	case len("transfer-encoding"):
		return python.EqualFold(name, "transfer-encoding")
	case len("proxy-authenticate"):
		return python.EqualFold(name, "proxy-authenticate")
	case len("proxy-authorization"):
		return python.EqualFold(name, "proxy-authorization")
	}
	return false
}

// answerBare answers without a body, whatever the application gave: to HEAD with the length that GET's would have if it
// is known, to 204 and 304 without (RFC 9110, sections 8.6, 9.3.2, 15.3.5 and 15.4.5).
func (x *exchange) answerBare(resp *python.Response, f framing) {
	length := f.length
	switch {
	case length >= 0:
	case resp.File != nil:
		length = resp.File.Count
	case resp.Stream == nil && len(resp.Body) > 0:
		length = int64(len(resp.Body))
	}
	x.ctx.Response.SkipBody = true
	if length >= 0 {
		x.ctx.Response.Header.SetContentLength(int(length)) // does nothing for 204 and 304
	}
	resp.Close()
}

// answerWhole answers with a body that is all here.
func (x *exchange) answerWhole(resp *python.Response, f framing) {
	size := int64(len(resp.Body))
	switch {
	case f.length > size:
		x.answerStream(resp, f) // sends what there is and cuts the connection
		return
	case f.length >= 0 && f.length < size:
		x.warnSurplus(f.length)
		size = f.length
	}
	x.sent = size
	x.ctx.Response.SetBody(resp.Body[:size])
	resp.Close()
}

func (x *exchange) warnSurplus(length int64) {
	x.p.log.Warn("response body longer than its Content-Length; the rest is dropped", x.attrs("length", length)...)
}

// answerStream answers with a body that comes bit by bit. fasthttp sends it after the handler has returned.
func (x *exchange) answerStream(resp *python.Response, f framing) {
	length := f.length
	if resp.File != nil && length < 0 {
		length = resp.File.Count
	}
	s := &stream{x: x, resp: resp, left: length}
	s.source = s.open()
	x.outgoing = true
	if length < 0 && !x.ctx.Request.Header.IsHTTP11() {
		x.answerUntilClose(s)
		return
	}
	// The head leaves first, and then each piece as it comes: fasthttp would gather a body of known length.
	x.ctx.Response.ImmediateHeaderFlush = length >= 0
	x.ctx.Response.SetBodyStream(s, int(length))
}

// answerUntilClose answers a client of HTTP/1.0, which does not know chunks: the end of the connection is the end of the
// body (RFC 9112, section 6.3). An application that fails in the middle resets it, so that the two can be told apart.
func (x *exchange) answerUntilClose(s *stream) {
	out := &x.ctx.Response.Header
	out.SetConnectionClose()
	out.SetContentLength(-2) // neither a length nor chunks
	message := append([]byte(nil), out.Header()...)
	x.ctx.HijackSetNoResponse(true)
	raw, detached := x.conn, &x.p.detached
	detached.Add(1) // fasthttp counts the connection no longer
	x.ctx.Hijack(func(net.Conn) {
		defer detached.Done()
		_, err := raw.Write(message)
		if err == nil {
			_, err = raw.ReadFrom(s)
		}
		if err != nil {
			raw.reset()
		}
		_ = s.Close() // never fails; the exchange, whose request lives until we return, ends with it
	})
}
