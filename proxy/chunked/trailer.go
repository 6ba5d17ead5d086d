package chunked

import "forebay/proxy/head"

// forbidden are the fields that a trailer section cannot have (RFC 9110, section 6.5.1): those that say where a message
// ends, whom it is for, who sends it and what its body is. Trailers are dropped here and could do no harm, but a server
// before this one that merged them into the head has read another request than we have. At most 32, in lower case.
var forbidden = [...]string{
	"content-length", "transfer-encoding", "trailer", "te", "connection", "upgrade", "expect", "max-forwards",
	"host", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
	"authorization", "proxy-authorization", "cookie",
	"content-type", "content-encoding", "content-range", "range",
}

const allForbidden = 1<<len(forbidden) - 1

// inTrailer takes a byte of the trailer section: field lines as in a head, and the empty line after which the message is
// over (RFC 9112, section 7.1.2).
func (d *Decoder) inTrailer(c byte) error {
	if d.trailer++; d.trailer > maxTrailer {
		return errTrailerLong
	}
	switch d.state {
	case inTrailerLine:
		return d.beginLine(c)
	case inTrailerName:
		return d.fieldName(c)
	case inTrailerValue:
		return d.fieldValue(c)
	default:
		return d.endLine(c)
	}
}

// beginLine takes the first byte of a line.
func (d *Decoder) beginLine(c byte) error {
	switch c {
	case '\r':
		d.state = inEnd
		return nil
	case '\n':
		return errLineEnd
	case ' ', '\t':
		return errFolded
	case ':':
		return errTrailerName
	}
	if d.fields++; d.fields > maxTrailerFields {
		return errTrailerMany
	}
	d.state, d.name, d.names = inTrailerName, 0, allForbidden
	return d.fieldName(c)
}

func (d *Decoder) fieldName(c byte) error {
	if c == ':' {
		d.state = inTrailerValue
		return d.endName()
	}
	if !head.IsTokenByte(c) {
		return errTrailerName
	}
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	for i, name := range forbidden {
		if int(d.name) >= len(name) || name[d.name] != c {
			d.names &^= 1 << i
		}
	}
	d.name++
	return nil
}

// endName refuses a name that is one of those forbidden, and not only the beginning of one.
func (d *Decoder) endName() error {
	for i, name := range forbidden {
		if d.names&(1<<i) != 0 && int(d.name) == len(name) {
			return errTrailerField
		}
	}
	return nil
}

func (d *Decoder) fieldValue(c byte) error {
	switch {
	case c == '\r':
		d.state = inTrailerLineEnd
	case c == '\n':
		return errLineEnd
	case !head.IsValueByte(c):
		return errTrailerValue
	}
	return nil
}

// endLine takes what follows a CR.
func (d *Decoder) endLine(c byte) error {
	switch {
	case c != '\n':
		return errLineEnd
	case d.state == inEnd:
		d.state = over
	default:
		d.state = inTrailerLine
	}
	return nil
}
