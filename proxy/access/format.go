package access

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"

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
	if c.piece.Field == "" {
		text := c.piece.Text
		return func(dst []byte, _ *Entry) []byte { return append(dst, text...) }
	}
	for _, find := range []func() appender{c.word, c.time, c.number, c.text} {
		if add := find(); add != nil {
			return add
		}
	}
	panic("no appender for " + string(c.piece.Field)) // a test asks for each field
}

// word is the appender of a field that needs no escaping, or one of its own.
func (c *compiler) word() appender {
	switch c.piece.Field {
	case config.LogClient:
		return func(dst []byte, e *Entry) []byte {
			if !e.Client.IsValid() {
				return append(dst, c.none...)
			}
			return appendClient(dst, e)
		}
	case config.LogRequest:
		return c.appendRequest
	case config.LogScheme:
		return func(dst []byte, e *Entry) []byte { return append(dst, e.Scheme...) }
	case config.LogReason:
		return func(dst []byte, e *Entry) []byte {
			if e.Reason == NoReason {
				return append(dst, c.none...)
			}
			return append(dst, e.Reason.String()...)
		}
	case config.LogSource:
		return func(dst []byte, e *Entry) []byte { return append(dst, e.Source.String()...) }
	case config.LogLocalTime:
		dates := &dateCache{layout: layoutNCSA}
		return func(dst []byte, e *Entry) []byte { return dates.append(dst, e.Time) }
	case config.LogISOTime:
		dates := newISODate()
		return func(dst []byte, e *Entry) []byte { return dates.append(dst, e.Time) }
	case config.LogUnixTime:
		return func(dst []byte, e *Entry) []byte { return appendDecimal(dst, max(0, e.Time.UnixMilli()), 3) }
	}
	return nil
}

// time is the appender of a duration.
func (c *compiler) time() appender {
	always := func(*Entry) bool { return true }
	timed := func(of func(e *Entry) time.Duration, known func(e *Entry) bool) appender {
		return func(dst []byte, e *Entry) []byte {
			if !known(e) {
				return append(dst, c.none...)
			}
			return appendDuration(dst, of(e), c.piece.Unit)
		}
	}
	switch c.piece.Field {
	case config.LogDuration:
		return timed(func(e *Entry) time.Duration { return e.Total }, always)
	case config.LogBefore:
		return timed(func(e *Entry) time.Duration { return e.Before }, func(e *Entry) bool { return e.Before > 0 })
	case config.LogRead:
		return timed(func(e *Entry) time.Duration { return e.Read }, always)
	case config.LogDelayed:
		return timed(func(e *Entry) time.Duration { return e.Delayed }, always)
	case config.LogQueue:
		return timed(func(e *Entry) time.Duration { return e.Queue }, (*Entry).queued)
	case config.LogApplication:
		return timed(func(e *Entry) time.Duration { return e.Application }, (*Entry).ran)
	case config.LogSend:
		return timed((*Entry).Send, always)
	}
	return nil
}

// number is the appender of a number.
func (c *compiler) number() appender {
	always := func(*Entry) bool { return true }
	counted := func(of func(e *Entry) int64, known func(e *Entry) bool) appender {
		return func(dst []byte, e *Entry) []byte {
			if !known(e) {
				return append(dst, c.none...)
			}
			return strconv.AppendInt(dst, of(e), 10)
		}
	}
	switch c.piece.Field {
	case config.LogStatus:
		return counted(func(e *Entry) int64 { return int64(e.Status) }, always)
	case config.LogReceived:
		return counted(func(e *Entry) int64 { return e.Received }, always)
	case config.LogSent:
		return counted(func(e *Entry) int64 { return e.Bytes }, always)
	case config.LogSentOrNone:
		return counted(func(e *Entry) int64 { return e.Bytes }, func(e *Entry) bool { return e.Bytes > 0 })
	case config.LogWorker:
		return counted(func(e *Entry) int64 { return int64(e.Worker) }, (*Entry).ran)
	case config.LogThread:
		return counted(func(e *Entry) int64 { return int64(e.Thread) }, (*Entry).ran)
	case config.LogTries:
		return counted(func(e *Entry) int64 { return int64(e.Tries) }, (*Entry).ran)
	}
	return nil
}

// text is the appender of what the client or the application has said.
func (c *compiler) text() appender {
	valued := func(of func(e *Entry) []byte) appender {
		return func(dst []byte, e *Entry) []byte { return c.appendValue(dst, of(e)) }
	}
	name := c.piece.Name
	switch c.piece.Field {
	case config.LogUser:
		return c.appendUser
	case config.LogMethod:
		return valued(func(e *Entry) []byte { return e.Method })
	case config.LogTarget:
		return valued(func(e *Entry) []byte { return e.Target })
	case config.LogPath:
		return valued((*Entry).path)
	case config.LogQuery:
		return valued(func(e *Entry) []byte { _, query := e.pathAndQuery(); return query })
	case config.LogProtocol:
		return valued(func(e *Entry) []byte { return e.Protocol })
	case config.LogHost:
		return valued(func(e *Entry) []byte { return e.Host })
	case config.LogID:
		return valued(func(e *Entry) []byte { return e.ID })
	case config.LogTraceID:
		return valued(func(e *Entry) []byte { return e.TraceID })
	case config.LogFault:
		return valued((*Entry).fault)
	case config.LogRequestField:
		return valued(func(e *Entry) []byte { return e.Field(name) })
	case config.LogResponseField:
		return valued(func(e *Entry) []byte { return e.answered(name) })
	}
	return nil
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
