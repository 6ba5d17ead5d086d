package access

import (
	"bytes"
	"strconv"
	"time"

	"forebay/config"
)

// pretty writes lines for people: what was asked and answered, then how long that took and where.
//
//	12:00:00 200 GET /shop?q=1 1.234ms 123B application 1.100ms 192.0.2.1 0f3a
type pretty struct {
	dates dateCache
	color bool
}

func newPretty(color bool) *pretty {
	return &pretty{dates: dateCache{layout: layoutTime}, color: color}
}

func (p *pretty) appendMissed(dst []byte, missed int) []byte { return appendMissedText(dst, missed) }

// The sequences that change a terminal's colour (ECMA-48, SGR).
const (
	dim     = "\x1b[2m"
	bold    = "\x1b[1m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	magenta = "\x1b[35m"
	cyan    = "\x1b[36m"
	plain   = "\x1b[0m"
)

// notable is from which duration on a part of the time stands in the line.
const notable = time.Millisecond

func (p *pretty) appendEntry(dst []byte, e *Entry) []byte {
	dst = p.paint(dst, dim)
	dst = p.dates.append(dst, e.Time)
	dst = append(p.paint(dst, plain), ' ')
	dst = p.paint(dst, statusColor(e))
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(p.paint(dst, plain), ' ')
	dst = p.paint(dst, bold)
	dst = appendKnown(dst, e.Method, appendWord)
	dst = append(p.paint(dst, plain), ' ')
	dst = appendKnown(dst, e.Target, appendWord)
	dst = append(dst, ' ')
	dst = appendDuration(dst, e.Total, config.DecimalMilli)
	dst = append(dst, "ms "...)
	dst = strconv.AppendInt(dst, e.Bytes, 10)
	dst = append(dst, 'B')
	dst = p.paint(dst, dim)
	dst = p.appendParts(dst, e)
	dst = p.paint(dst, plain)
	if e.Fault != nil {
		dst = append(p.paint(dst, red), ' ')
		line, _, _ := bytes.Cut(e.fault(), []byte("\n"))
		dst = appendText(dst, line)
		dst = p.paint(dst, plain)
	}
	return append(dst, '\n')
}

// appendParts appends the parts of the time that count, and who is who.
func (p *pretty) appendParts(dst []byte, e *Entry) []byte {
	dst = appendPart(dst, " read ", e.Read)
	dst = appendPart(dst, " delayed ", e.Delayed)
	dst = appendPart(dst, " queue ", e.Queue)
	dst = appendPart(dst, " application ", e.Application)
	dst = appendPart(dst, " send ", e.Send())
	if e.Source != Application {
		dst = append(append(dst, ' '), e.Source.String()...)
	}
	if e.Tries > 1 {
		dst = append(dst, " tries "...)
		dst = strconv.AppendInt(dst, int64(e.Tries), 10)
	}
	dst = append(dst, ' ')
	dst = appendClient(dst, e)
	dst = append(dst, ' ')
	return appendKnown(dst, e.ID, appendWord)
}

func appendPart(dst []byte, name string, d time.Duration) []byte {
	if d < notable {
		return dst
	}
	return append(appendDuration(append(dst, name...), d, config.DecimalMilli), "ms"...)
}

func (p *pretty) paint(dst []byte, color string) []byte {
	if !p.color {
		return dst
	}
	return append(dst, color...)
}

func statusColor(e *Entry) string {
	switch {
	case e.Status >= 500 || (e.Fault != nil && e.Status < 400):
		return red
	case e.Status == statusClientGone:
		return magenta
	case e.Status >= 400:
		return yellow
	case e.Status >= 300:
		return cyan
	}
	return green
}
