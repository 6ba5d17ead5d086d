package proxy

import (
	"bytes"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"forebay/proxy/access"
	"forebay/proxy/reply"
	"forebay/python"
)

// startHead begins the answer with its status line (RFC 9112, section 4).
func (x *exchange) startHead(status int, reason []byte) {
	x.status = status
	b := append(x.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	if len(reason) > 0 {
		b = append(b, reason...)
	} else {
		b = append(b, http.StatusText(status)...)
	}
	x.out = append(b, "\r\n"...)
}

// own says which fields of ours an application has given itself.
type own struct{ date, server, id bool }

// givenBy is own for the lines of an answer that forebay gives in an application's name.
func (x *exchange) givenBy(lines []byte) own {
	return own{id: x.source == access.Handover && hasLine(lines, x.rules.idName)}
}

// hasLine reports whether there is a field line with a name, which is given in lower case.
func hasLine(lines []byte, name string) bool {
	for line := range bytes.Lines(lines) {
		if len(line) > len(name) && line[len(name)] == ':' && python.EqualFold(line[:len(name)], name) {
			return true
		}
	}
	return false
}

// endHead adds what is the server's: Date, Server, the request's id, its times if they are wanted, the framing of a body
// of that length (-1: in chunks, or until the end of the connection for a client that knows no chunks; bare: without a
// body), and what becomes of the connection.
func (x *exchange) endHead(given own, length int64) {
	x.length = length
	b := x.out
	if !given.server {
		b = append(b, "Server: forebay\r\n"...)
	}
	if !given.date {
		b = append(b, "Date: "...)
		b = append(b, x.p.clock.date(time.Now())...)
		b = append(b, "\r\n"...)
	}
	if !given.id {
		b = x.appendID(b)
	}
	if x.rules.cfg.ServerTiming {
		b = x.appendTiming(b)
	}
	if x.ticket != nil {
		b = x.ticket.AppendFields(b, x.status)
	}
	switch {
	case length >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		b = append(b, "\r\n"...)
	case length == bare:
	case x.head.HTTP10():
		x.conn.leaving = true // RFC 9112, section 6.3: the end of the connection is the end of the body
	default:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if !x.persistent() {
		x.conn.leaving = true
		x.conn.unannounced = x.head.Persistent()
		b = append(b, "Connection: close\r\n"...)
	} else if x.head.HTTP10() {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	x.out = append(b, "\r\n"...)
}

// appendID appends the field with the request's id, if there is one.
func (x *exchange) appendID(b []byte) []byte {
	if x.rules.idName == "" {
		return b
	}
	return reply.AppendField(b, x.rules.idField, x.id)
}

const (
	unknown int64 = -1 // the length of a body whose end shows when it is there
	bare    int64 = -2 // the length of an answer that has no body, whatever its fields say
)

// persistent decides whether the connection serves another request.
func (x *exchange) persistent() bool {
	c, cfg := x.conn, &x.rules.cfg
	return !c.leaving && x.head.Persistent() && cfg.KeepAlive > 0 &&
		(cfg.KeepAliveRequests == 0 || c.served < cfg.KeepAliveRequests) && !x.p.draining.Load()
}

// clock holds the text of the present second: every answer has it (RFC 9110, section 6.6.1).
type clock struct{ now atomic.Pointer[second] }

type second struct {
	unix int64
	text []byte
}

func (c *clock) date(now time.Time) []byte {
	s := c.now.Load()
	if s == nil || s.unix != now.Unix() {
		s = &second{now.Unix(), now.UTC().AppendFormat(nil, http.TimeFormat)}
		c.now.Store(s)
	}
	return s.text
}
