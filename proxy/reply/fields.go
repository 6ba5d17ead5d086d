package reply

import (
	"net/http"
	"strconv"
	"time"

	"forebay/proxy/conditional"
	"forebay/python"
)

// Head are the fields of a representation, in the lots in which different answers need them. It is never changed.
type Head struct {
	lines   []byte
	common  int // so many bytes of lines are for 304 as well
	untyped int // behind these stands Content-Type
	typ     []byte
}

// NewHead makes a Head of complete field lines. common are those that a 304 has as well as a 200: validators, Vary, and
// what is about caching (RFC 9110, section 15.4.5). described are those of the representation itself, without
// Content-Type, Content-Length and Content-Range. contentType is that field's value, or nothing.
func NewHead(common, described, contentType []byte) Head {
	h := Head{common: len(common), untyped: len(common) + len(described)}
	h.lines = make([]byte, 0, h.untyped+len(typeName)+len(": \r\n")+len(contentType))
	h.lines = append(append(h.lines, common...), described...)
	if len(contentType) > 0 {
		h.lines = AppendField(h.lines, typeName, contentType)
		h.typ = h.lines[h.untyped+len(typeName)+len(": "):][:len(contentType)]
	}
	return h
}

const typeName = "Content-Type"

// AppendField appends a field line.
func AppendField[name, value ~string | ~[]byte](dst []byte, n name, v value) []byte {
	dst = append(append(dst, n...), ": "...)
	return append(append(dst, v...), "\r\n"...)
}

// AppendValidators appends ETag and Last-Modified, as far as they are known.
func AppendValidators(dst []byte, v conditional.Validators) []byte {
	if len(v.ETag) > 0 {
		dst = AppendField(dst, "ETag", v.ETag)
	}
	if v.Modified == 0 {
		return dst
	}
	dst = append(dst, "Last-Modified: "...)
	dst = time.Unix(v.Modified, 0).UTC().AppendFormat(dst, http.TimeFormat)
	return append(dst, "\r\n"...)
}

// plus returns the lines of the first n bytes of h with a further one.
func (h *Head) plus(n int, name, value string) []byte {
	lines := make([]byte, 0, len(h.lines)+len(name)+len(value)+len(": \r\n"))
	return append(AppendField(lines, name, value), h.lines[:n]...)
}

// contentRange is the value of a Content-Range (RFC 9110, section 14.4).
func contentRange(r conditional.Range, size int64) string {
	b := append(make([]byte, 0, 48), "bytes "...)
	b = append(strconv.AppendInt(b, r.Offset, 10), '-')
	b = append(strconv.AppendInt(b, r.Offset+r.Count-1, 10), '/')
	return string(strconv.AppendInt(b, size, 10))
}

// isConnections reports whether a field is the connection's to say, whatever an application says.
func isConnections(name []byte) bool {
	return isAny(name, "content-length", "date", "server", "connection", "keep-alive", "transfer-encoding", "trailer", "upgrade")
}

// isDescription reports whether a field tells what a representation is, and so is left out of a 304: it would have the
// client change what it has stored (RFC 9110, section 15.4.5).
func isDescription(name []byte) bool {
	return isAny(name, "content-encoding", "content-language", "content-range", "content-disposition", "accept-ranges")
}

func isAny(name []byte, lower ...string) bool {
	for _, l := range lower {
		if python.EqualFold(name, l) {
			return true
		}
	}
	return false
}
