package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"

	"forebay/workers"
)

// console writes log lines for people: time, level, message, then key=value. Values of several lines, tracebacks above
// all, follow on lines of their own; the standard library's handler would make one long line of them. What the
// application itself wrote stands there as it is, after its worker's pid.
type console struct {
	logs  *logs
	attrs []slog.Attr
	group string
}

// Enabled is never asked: handler is, before it.
func (c *console) Enabled(context.Context, slog.Level) bool { return true }

func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *c
	next.attrs = append(append([]slog.Attr(nil), c.attrs...), prefixed(c.group, attrs)...)
	return &next
}

func (c *console) WithGroup(name string) slog.Handler {
	next := *c
	next.group = c.group + name + "."
	return &next
}

func prefixed(group string, attrs []slog.Attr) []slog.Attr {
	if group == "" {
		return attrs
	}
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = slog.Attr{Key: group + a.Key, Value: a.Value}
	}
	return out
}

// Handle writes one record in one write.
func (c *console) Handle(_ context.Context, r slog.Record) error {
	attrs := append([]slog.Attr(nil), c.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, prefixed(c.group, []slog.Attr{a})...)
		return true
	})
	var b bytes.Buffer
	b.WriteString(r.Time.Format("2006-01-02 15:04:05.000 "))
	if r.Level == workers.LevelOutput {
		writeOutput(&b, attrs)
	} else {
		c.writeLevel(&b, r.Level)
		b.WriteString(r.Message)
		writeAttrs(&b, attrs)
	}
	_, err := c.logs.out.Write(b.Bytes())
	return err
}

// writeLevel writes the level, and paints those that an operator may act on.
func (c *console) writeLevel(b *bytes.Buffer, level slog.Level) {
	const red, yellow, plain = "\x1b[31m", "\x1b[33m", "\x1b[0m" // ECMA-48, SGR
	color := ""
	switch {
	case !c.logs.color.Load():
	case level >= slog.LevelError:
		color = red
	case level >= slog.LevelWarn:
		color = yellow
	}
	if color == "" {
		fmt.Fprintf(b, "%-5s ", level)
	} else {
		fmt.Fprintf(b, "%s%-5s%s ", color, level, plain)
	}
}

// writeOutput writes a line of an application.
func writeOutput(b *bytes.Buffer, attrs []slog.Attr) {
	var pid, line string
	for _, a := range attrs {
		switch a.Key {
		case "pid":
			pid = a.Value.String()
		case "line":
			line = a.Value.String()
		}
	}
	fmt.Fprintf(b, "[%s] %s\n", pid, printable(line))
}

// printable keeps an application's line from moving the cursor, ending the line or being shown from right to left,
// whatever a client made it print.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return '\uFFFD'
		}
		return r
	}, line)
}

func writeAttrs(b *bytes.Buffer, attrs []slog.Attr) {
	var long []slog.Attr
	for _, a := range attrs {
		long = writeAttr(b, "", a, long)
	}
	b.WriteByte('\n')
	for _, a := range long {
		for line := range strings.Lines(strings.TrimRight(a.Value.String(), "\n")) {
			b.WriteString("    | ")
			b.WriteString(printable(strings.TrimRight(line, "\r\n")))
			b.WriteByte('\n')
		}
	}
}

// writeAttr writes an attribute, or adds it to those that need lines of their own.
func writeAttr(b *bytes.Buffer, prefix string, a slog.Attr, long []slog.Attr) []slog.Attr {
	value := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return long
	case value.Kind() == slog.KindGroup:
		for _, inner := range value.Group() {
			long = writeAttr(b, prefix+a.Key+".", inner, long)
		}
		return long
	}
	text := valueText(value)
	if strings.Contains(text, "\n") {
		return append(long, slog.String(a.Key, text))
	}
	b.WriteByte(' ')
	b.WriteString(prefix + a.Key)
	b.WriteByte('=')
	b.WriteString(quoted(text))
	return long
}

func valueText(v slog.Value) string {
	if v.Kind() == slog.KindTime {
		return v.Time().Format(time.RFC3339Nano)
	}
	return v.String()
}

// quoted quotes what would not read as one word.
func quoted(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r >= 0x7F }) {
		return strconv.Quote(s)
	}
	return s
}
