package access

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"forebay/config"
	"forebay/python"
)

// formatted is a style that an operator has made of placeholders, as a list of what appends them.
type formatted struct {
	pieces []appender
	json   bool
}

type appender func(dst []byte, e *Entry) []byte

func (f *formatted) appendEntry(dst []byte, e *Entry) []byte {
	for _, add := range f.pieces {
		dst = add(dst, e)
	}
	return append(dst, '\n')
}

func (f *formatted) appendMissed(dst []byte, missed int) []byte {
	if f.json {
		return appendMissedJSON(dst, missed)
	}
	return appendMissedText(dst, missed)
}

// compile makes the list, once for a format.
func compile(format config.LogFormat) *formatted {
	f := &formatted{json: format.JSON}
	for _, piece := range format.Pieces {
		c := compiler{piece: piece, escape: appendWord, none: "-"}
		switch {
		case format.JSON && piece.Quoted:
			c.escape, c.none = appendJSON, ""
		case format.JSON:
			c.none = "null"
		case piece.Quoted:
			c.escape = appendText
		}
		f.pieces = append(f.pieces, c.appender())
	}
	return f
}

// compiler makes the appender of one piece. none is written for what nobody knows.
type compiler struct {
	piece  config.LogPiece
	escape escaper
	none   string

	decoded []byte // room for a user's name
}

func (c *compiler) appender() appender {
	piece := c.piece
	if piece.Field == "" {
		return func(dst []byte, _ *Entry) []byte { return append(dst, piece.Text...) }
	}
	if date, found := dates[piece.Field]; found {
		return date()
	}
	if of, found := durations[piece.Field]; found {
		return c.ifKnown(of.known, func(dst []byte, e *Entry) []byte { return appendDuration(dst, of.value(e), piece.Unit) })
	}
	if of, found := numbers[piece.Field]; found {
		return c.ifKnown(of.known, func(dst []byte, e *Entry) []byte { return strconv.AppendInt(dst, of.value(e), 10) })
	}
	if of, found := words[piece.Field]; found {
		return c.ifKnown(of.known, of.value)
	}
	if of, found := texts[piece.Field]; found {
		return func(dst []byte, e *Entry) []byte { return c.appendValue(dst, of(e)) }
	}
	return c.special()
}

// special is the appender of a field that depends on more than the entry.
func (c *compiler) special() appender {
	name := c.piece.Name
	switch c.piece.Field {
	case config.LogRequest:
		return c.appendRequest
	case config.LogUser:
		return c.appendUser
	case config.LogRequestField:
		return func(dst []byte, e *Entry) []byte { return c.appendValue(dst, e.Field(name)) }
	case config.LogResponseField:
		return func(dst []byte, e *Entry) []byte { return c.appendValue(dst, e.answered(name)) }
	default:
		panic("no appender for " + string(c.piece.Field)) // a test asks for each field
	}
}

// ifKnown is add for those entries of which the value is known; nil: all.
func (c *compiler) ifKnown(known func(e *Entry) bool, add appender) appender {
	if known == nil {
		return add
	}
	return func(dst []byte, e *Entry) []byte {
		if !known(e) {
			return append(dst, c.none...)
		}
		return add(dst, e)
	}
}

func (c *compiler) appendValue(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, c.none...)
	}
	return c.escape(dst, value)
}

// appendRequest appends the request line: three words, whatever the client sent, or nothing known.
func (c *compiler) appendRequest(dst []byte, e *Entry) []byte {
	if len(e.Method)+len(e.Target)+len(e.Protocol) == 0 {
		return append(dst, c.none...)
	}
	escape := appendWord
	if c.none == "" {
		escape = c.escape // JSON's strings know no \xHH; the server takes no request line with other spaces
	}
	dst = appendKnown(dst, e.Method, escape)
	dst = append(dst, ' ')
	dst = appendKnown(dst, e.Target, escape)
	dst = append(dst, ' ')
	return appendKnown(dst, e.Protocol, escape)
}

// appendUser appends the name by which the client says that it is known (RFC 7617): the log believes it, and says no more
// than that it was said. It decodes only as much of it as stands in a line.
func (c *compiler) appendUser(dst []byte, e *Entry) []byte {
	coded := e.Field("authorization")
	const scheme = "basic "
	if len(coded) <= len(scheme) || !python.EqualFold(coded[:len(scheme)], scheme) {
		return append(dst, c.none...)
	}
	coded = coded[len(scheme):]
	coded = coded[:min(len(coded), base64.StdEncoding.EncodedLen(longestUser))]
	if c.decoded == nil {
		c.decoded = make([]byte, longestUser)
	}
	n, _ := base64.StdEncoding.Decode(c.decoded, coded) // what could be decoded is what was said
	name, _, found := bytes.Cut(c.decoded[:n], []byte(":"))
	if !found {
		return append(dst, c.none...) // without a colon it may be a password
	}
	return c.appendValue(dst, name)
}

// longestUser bounds a name with its password, in bytes: a multiple of three, as Base64 has it.
const longestUser = 255
