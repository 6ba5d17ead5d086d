// Package head reads the head of an HTTP/1 request with the strictness of RFC 9112: what two servers could read in two
// ways is refused here, in one place, before anything is done with it.
package head

import (
	"bytes"
	"fmt"
	"net/http"

	"forebay/python"
)

// Limits bound a head beyond what the server's buffer does.
type Limits struct {
	Target int // bytes of the request target
	Fields int // number of field lines
	Field  int // bytes of one field line
}

// Head is a request's head, taken apart. Its parts are borrowed from what Read was given. A Head may be used again.
type Head struct {
	Method, Target, Protocol []byte

	Fields []python.Field // in the order received
	Path   []byte         // of the target, as received
	Query  []byte         // without the question mark
	Host   []byte         // of an absolute target or the Host field; empty in HTTP/1.0 without one
	// Absolute says that Host came with the target, and the Host field does not count.
	Absolute bool
	// Length is the Content-Length, or -1 if there is none.
	Length  int64
	Chunked bool
	// Expects says that the client waits for 100 Continue before it sends its body.
	Expects bool
	// Close and KeepAlive are what the client says of the connection.
	Close, KeepAlive bool
}

// HTTP10 reports whether the client speaks HTTP/1.0.
func (h *Head) HTTP10() bool { return string(h.Protocol) == "HTTP/1.0" }

// Persistent reports whether the client would send another request on the connection (RFC 9112, section 9.3).
func (h *Head) Persistent() bool { return !h.Close && (h.KeepAlive || !h.HTTP10()) }

// HasBody reports whether a body follows, maybe an empty one.
func (h *Head) HasBody() bool { return h.Length >= 0 || h.Chunked }

// Refusal is why a request is not served, and the status that says so.
type Refusal struct {
	Status int
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

func refuse(status int, format string, args ...any) error {
	return &Refusal{Status: status, Reason: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}

// Read reads a whole head: the request line, the field lines, and the empty line that ends it. The error is a *Refusal;
// what could be read of the request line is in h all the same.
func (h *Head) Read(block []byte, limits Limits) error {
	*h = Head{Fields: h.Fields[:0], Length: -1}
	end := bytes.IndexByte(block, '\n')
	if end <= 0 || block[end-1] != '\r' {
		return malformed("the request line does not end with CR LF")
	}
	if err := h.readLine(block[:end-1], limits); err != nil {
		return err
	}
	if err := h.parseTarget(); err != nil {
		return err
	}
	if err := h.parseFields(block[end+1:], limits); err != nil {
		return err
	}
	return h.interpret()
}

// CheckLine checks a request line, without its CR LF, of a head that is not complete yet. The error is a *Refusal.
func CheckLine(line []byte, limits Limits) error {
	var h Head
	return h.readLine(line, limits)
}

// CheckHalfLine refuses a request line whose end is not here yet, if its target is too long already. The error is a
// *Refusal.
func CheckHalfLine(line []byte, limits Limits) error {
	if len(line) <= limits.Target {
		return nil
	}
	_, rest, _ := bytes.Cut(line, space)
	target, _, _ := bytes.Cut(rest, space)
	return checkTargetSize(target, limits)
}

func checkTargetSize(target []byte, limits Limits) error {
	if len(target) > limits.Target {
		return refuse(http.StatusRequestURITooLong, "the request target is longer than %d bytes (limit_request_line)", limits.Target)
	}
	return nil
}

// readLine reads the request line: three words with one space between them (RFC 9112, section 3).
func (h *Head) readLine(line []byte, limits Limits) error {
	method, rest, _ := bytes.Cut(line, space)
	if !IsToken(method) {
		return malformed("the method is no token")
	}
	h.Method = method
	target, protocol, found := bytes.Cut(rest, space)
	if err := checkTargetSize(target, limits); err != nil {
		return err
	}
	if i := foreignByte(target); i >= 0 {
		return malformed("byte %#02x in the request target", target[i])
	}
	h.Target = target
	if !found || !isProtocol(protocol) {
		return malformed("the request line does not end with a protocol")
	}
	h.Protocol = protocol
	switch string(protocol) {
	case "HTTP/1.1", "HTTP/1.0":
		return nil
	}
	return refuse(http.StatusHTTPVersionNotSupported, "protocol %q is not HTTP/1.1 or HTTP/1.0", protocol)
}

// foreignByte returns the index of the first byte that no request target has, or -1.
func foreignByte(target []byte) int {
	for i, c := range target {
		if c <= ' ' || c >= 0x7F || c == '#' {
			return i
		}
	}
	return -1
}

// isProtocol reports whether b is an HTTP-version, whichever (RFC 9112, section 2.3).
func isProtocol(b []byte) bool {
	return len(b) == len("HTTP/1.1") && string(b[:5]) == "HTTP/" && isDigit(b[5]) && b[6] == '.' && isDigit(b[7])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseTarget reads the four forms of a request target (RFC 9112, section 3.2).
func (h *Head) parseTarget() error {
	target := h.Target
	switch {
	case len(target) == 0:
		return malformed("no request target")
	case string(h.Method) == "CONNECT":
		return refuse(http.StatusNotImplemented, "CONNECT is for proxies")
	case target[0] == '/':
	case string(target) == "*":
		if string(h.Method) != "OPTIONS" {
			return malformed("the target * belongs to OPTIONS")
		}
	default:
		rest, ok := cutScheme(target)
		if !ok {
			return malformed("the request target is neither a path nor a http URI")
		}
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if h.Host, h.Absolute = rest[:end], true; !isHost(h.Host) {
			return malformed("the authority of the request target is not valid")
		}
		if target = rest[end:]; len(target) == 0 || target[0] == '?' {
			h.Path = root
			h.Query = bytes.TrimPrefix(target, []byte("?"))
			return nil
		}
	}
	h.Path, h.Query, _ = bytes.Cut(target, question)
	return nil
}

var (
	root     = []byte("/")
	question = []byte("?")
	space    = []byte(" ")
	comma    = []byte(",")
)

func cutScheme(target []byte) (rest []byte, ok bool) {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && python.EqualFold(target[:len(scheme)], scheme) {
			return target[len(scheme):], true
		}
	}
	return nil, false
}

// parseFields reads the field lines (RFC 9112, section 5).
func (h *Head) parseFields(block []byte, limits Limits) error {
	for len(block) > 0 {
		end := bytes.IndexByte(block, '\n')
		if end <= 0 || block[end-1] != '\r' {
			return malformed("a field line does not end with CR LF")
		}
		line := block[:end-1]
		block = block[end+1:]
		if len(line) == 0 {
			if len(block) > 0 {
				return malformed("bytes after the empty line")
			}
			return nil
		}
		if len(h.Fields) == limits.Fields {
			return refuse(http.StatusRequestHeaderFieldsTooLarge, "more than %d field lines (limit_request_fields)", limits.Fields)
		}
		if len(line) > limits.Field {
			return refuse(http.StatusRequestHeaderFieldsTooLarge, "a field line of more than %d bytes (limit_request_field_size)", limits.Field)
		}
		if err := h.parseField(line); err != nil {
			return err
		}
	}
	return malformed("no empty line after the fields")
}

func (h *Head) parseField(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return malformed("a folded field line (RFC 9112, section 5.2)")
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return malformed("a field line without a colon")
	}
	name, value := line[:colon], trim(line[colon+1:])
	if !IsToken(name) {
		return malformed("a field name that is no token")
	}
	if i := ControlByte(value); i >= 0 {
		return malformed("byte %#02x in a field value", value[i])
	}
	h.Fields = append(h.Fields, python.Field{Name: name, Value: value})
	return nil
}

// trim takes the optional white space off a field value.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// interpret reads the fields that decide where the message ends and whom it is for.
func (h *Head) interpret() error {
	hosts, codings := 0, 0
	for _, f := range h.Fields {
		var err error
		switch len(f.Name) {
		case len("host"):
			if python.EqualFold(f.Name, "host") {
				hosts++
				err = h.host(f.Value)
			}
		case len("expect"):
			if python.EqualFold(f.Name, "expect") {
				err = h.expect(f.Value)
			}
		case len("connection"):
			if python.EqualFold(f.Name, "connection") {
				h.connection(f.Value)
			}
		case len("content-length"):
			if python.EqualFold(f.Name, "content-length") {
				err = h.length(f.Value)
			}
		case len("transfer-encoding"):
			if python.EqualFold(f.Name, "transfer-encoding") {
				codings++
				err = h.coding(f.Value)
			}
		}
		if err != nil {
			return err
		}
	}
	return h.agree(hosts, codings)
}

// agree checks the fields against each other and the protocol.
func (h *Head) agree(hosts, codings int) error {
	http10 := h.HTTP10()
	switch {
	case hosts > 1:
		return malformed("more than one Host field")
	case hosts == 0 && !http10:
		return malformed("no Host field") // RFC 9112, section 3.2
	case codings > 1:
		return malformed("more than one Transfer-Encoding field")
	case codings == 1 && http10:
		return malformed("Transfer-Encoding in HTTP/1.0") // RFC 9112, section 6.1
	case codings == 1 && h.Length >= 0:
		return malformed("both Content-Length and Transfer-Encoding") // RFC 9112, section 6.3
	}
	return nil
}

func (h *Head) host(value []byte) error {
	if !isHost(value) {
		return malformed("the Host field is not valid")
	}
	if !h.Absolute { // RFC 9112, section 3.2.2: the target's authority wins
		h.Host = value
	}
	return nil
}

// expect refuses what nobody here can do. HTTP/1.0 has no expectations: there they are ignored (RFC 9110, section
// 10.1.1).
func (h *Head) expect(value []byte) error {
	if h.HTTP10() {
		return nil
	}
	if !python.EqualFold(value, "100-continue") {
		return refuse(http.StatusExpectationFailed, "an expectation other than 100-continue")
	}
	h.Expects = true
	return nil
}

// connection reads the options of a Connection field (RFC 9110, section 7.6.1). Those that nobody here knows have no
// effect: the fields that they name do not go further than to the application.
func (h *Head) connection(value []byte) {
	for len(value) > 0 {
		var option []byte
		option, value, _ = bytes.Cut(value, comma)
		switch option = trim(option); {
		case python.EqualFold(option, "close"):
			h.Close = true
		case python.EqualFold(option, "keep-alive"):
			h.KeepAlive = true
		}
	}
}

// length reads a Content-Length: digits and nothing else, once (RFC 9112, section 6.3). A list of equal numbers is
// refused, too; the RFC allows it.
func (h *Head) length(value []byte) error {
	if h.Length >= 0 {
		return malformed("more than one Content-Length field")
	}
	const digits = 18 // always fit an int64
	if len(value) == 0 || len(value) > digits {
		return malformed("the Content-Length is not valid")
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return malformed("the Content-Length is not valid")
		}
		n = n*10 + int64(c-'0')
	}
	h.Length = n
	return nil
}

func (h *Head) coding(value []byte) error {
	if !python.EqualFold(value, "chunked") {
		return refuse(http.StatusNotImplemented, "a transfer coding other than chunked")
	}
	h.Chunked = true
	return nil
}
