package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"forebay/proxy/access"
	"forebay/proxy/head"
	"forebay/proxy/reply"
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

// errShort says that an application promised more than it gave. What was sent cannot be taken back: the connection is cut.
var errShort = errors.New("the response ended before its Content-Length")

// answer sends the application's response and closes it. This is the one place where status, fields and length of an
// application are checked before a byte leaves: nothing that it sends can end a message early, begin another one, or
// leave one open.
func (x *exchange) answer(resp *python.Response) error {
	defer resp.Close()
	x.source = access.Application
	if x.ticket != nil {
		resp.Fields = x.ticket.TakeCost(resp.Fields)
	}
	said, err := x.copyHead(resp)
	if err != nil {
		return err
	}
	if r := x.fileReply(resp, said); r != nil {
		resp.Drain()
		var reason []byte
		if r.Status == resp.Status {
			reason = resp.Reason
		}
		x.source = access.Handover
		return x.sendReply(r, reason)
	}
	if answered, err := x.answerCoded(resp, said); answered || err != nil {
		return err
	}
	switch {
	case string(x.head.Method) == http.MethodHead, resp.Status == http.StatusNoContent, resp.Status == http.StatusNotModified:
		return x.answerBare(resp, said)
	case resp.Stream != nil:
		return x.answerStream(resp, said)
	case resp.File != nil:
		return x.answerShort(resp, said)
	}
	return x.answerWhole(resp, said)
}

// said is what a response says of itself that we say for it.
type said struct {
	own
	length int64 // Content-Length, or unknown
}

// copyHead checks status and fields and begins the answer with them.
func (x *exchange) copyHead(resp *python.Response) (said, error) {
	s := said{length: unknown}
	if resp.Status < http.StatusOK {
		return s, broken("status %d is not a final one", resp.Status) // RFC 9110, section 15.2
	}
	if head.ControlByte(resp.Reason) >= 0 {
		return s, broken("a control character in the status")
	}
	x.startHead(resp.Status, resp.Reason)
	for _, field := range resp.Fields {
		if !head.IsToken(field.Name) {
			return s, broken("field name %q", field.Name)
		}
		if head.ControlByte(field.Value) >= 0 {
			return s, broken("a control character in the value of field %s", field.Name)
		}
		if err := x.copyField(field, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// copyField takes over one field, unless it is about what is ours: the length and the connection.
func (x *exchange) copyField(field python.Field, s *said) error {
	switch {
	case isHopByHop(field.Name):
		return nil
	case python.EqualFold(field.Name, "content-length"):
		return s.setLength(field.Value)
	case python.EqualFold(field.Name, "date"):
		s.date = true
	case python.EqualFold(field.Name, "server"):
		s.server = true
	case x.rules.idName != "" && python.EqualFold(field.Name, x.rules.idName):
		s.id = true
	}
	x.out = reply.AppendField(x.out, field.Name, field.Value)
	return nil
}

func (s *said) setLength(value []byte) error {
	n, err := strconv.ParseUint(string(value), 10, 62)
	if err != nil || (s.length >= 0 && s.length != int64(n)) {
		return broken("Content-Length %q", value)
	}
	s.length = int64(n)
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
func (x *exchange) answerBare(resp *python.Response, s said) error {
	length := s.length
	switch {
	case resp.Status == http.StatusNoContent, resp.Status == http.StatusNotModified:
		length = bare
	case length >= 0:
	case resp.Stream == nil && len(resp.Body) > 0:
		length = int64(len(resp.Body))
	default:
		length = bare
	}
	resp.Drain()
	x.endHead(s.own, length)
	return x.sendHead()
}

// answerWhole answers with a body that is all here.
func (x *exchange) answerWhole(resp *python.Response, s said) error {
	body, length := resp.Body, int64(len(resp.Body))
	short := s.length > length
	if s.length >= 0 {
		length = s.length
	}
	if length < int64(len(body)) {
		x.conn.sock.Leave() // a line in the log may have to wait
		x.p.log.Warn("response body longer than its Content-Length; the rest is dropped", x.attrs("length", length)...)
		body = body[:length]
	}
	x.endHead(s.own, length)
	if err := x.sendWhole(body); err != nil {
		return err
	}
	if short {
		return errShort
	}
	return nil
}

// fileReply is the answer of an application that names a file, or gives one that is as long as it says: what follows is
// between the client and the file, with ranges and conditions. nil means that it does neither.
func (x *exchange) fileReply(resp *python.Response, s said) *reply.Reply {
	if r, found := x.rules.named.Reply(x.head.Method, x.head.Fields, resp.Status, resp.Fields, x.conn.sock); found {
		return r
	}
	part := resp.File
	if part == nil || s.length > part.Count || resp.Status == http.StatusNoContent || resp.Status == http.StatusNotModified {
		return nil
	}
	count := part.Count
	if s.length >= 0 {
		count = s.length
	}
	answer := reply.Application{
		Status: resp.Status, Fields: resp.Fields, File: part.File, Offset: part.Offset, Count: count, // resp closes it
	}
	return answer.Reply(x.head.Method, x.head.Fields)
}

// answerShort sends the file of an application that promised more than there is of it, and cuts the connection.
func (x *exchange) answerShort(resp *python.Response, s said) error {
	x.endHead(s.own, s.length)
	if err := x.sendHead(); err != nil {
		return err
	}
	if err := x.conn.sendFile(resp.File.File, nil, resp.File.Offset, resp.File.Count, &x.sent); err != nil {
		return err
	}
	return errShort
}
