package chunked

import "forebay/proxy/head"

// inExtension takes a byte of a chunk's extensions (RFC 9112, section 7.1.1): *( ";" name [ "=" value ] ), where a name is
// a token and a value a token or a quoted string. The white space that the grammar allows around them is "bad", none may
// send it, and some servers take it for the end of the line's meaning: it is refused.
func (d *Decoder) inExtension(c byte) error {
	if c != '\r' {
		if err := d.countExtension(); err != nil {
			return err
		}
	}
	switch d.state {
	case inExtensionName:
		return d.begin(c, inExtensionNameRest)
	case inExtensionNameRest:
		if c == '=' {
			d.state = inExtensionValue
			return nil
		}
		return d.rest(c)
	case inExtensionValue:
		if c == '"' {
			d.state = inQuoted
			return nil
		}
		return d.begin(c, inExtensionValueRest)
	case inExtensionValueRest:
		return d.rest(c)
	case inQuotedEnd:
		return d.endExtension(c)
	default:
		return d.quoted(c)
	}
}

// begin takes the first byte of a token.
func (d *Decoder) begin(c byte, next state) error {
	if !head.IsTokenByte(c) {
		return badExtension(c)
	}
	d.state = next
	return nil
}

// rest takes a later byte of a token, or what follows it.
func (d *Decoder) rest(c byte) error {
	if head.IsTokenByte(c) {
		return nil
	}
	return d.endExtension(c)
}

func (d *Decoder) endExtension(c byte) error {
	switch c {
	case ';': // it is counted already
		d.state = inExtensionName
		return nil
	case '\r':
		d.state = inSizeEnd
		return nil
	}
	return badExtension(c)
}

// quoted takes a byte within the quotes (RFC 9110, section 5.6.4). A line that ends in there is the classic of smuggling:
// to one server it is a part of the string, to another the end of the chunk's line.
func (d *Decoder) quoted(c byte) error {
	switch {
	case !head.IsValueByte(c):
		return badExtension(c)
	case d.state == inEscaped:
		d.state = inQuoted
	case c == '\\':
		d.state = inEscaped
	case c == '"':
		d.state = inQuotedEnd
	}
	return nil
}

func badExtension(c byte) error {
	if c == '\n' {
		return errLineEnd
	}
	return errExtension
}

func (d *Decoder) countExtension() error {
	d.extension++
	d.extensions++
	switch {
	case d.extension > maxExtension:
		return errExtensionLong
	case d.extensions > maxExtensions:
		return errExtensionsLong
	}
	return nil
}
