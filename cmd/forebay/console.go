package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"forebay/config"
	"forebay/workers"
)

// newLogger returns the log that all parts write to. Its level may change.
func newLogger(level slog.Leveler, w io.Writer) *slog.Logger {
	return slog.New(&console{level: level, out: &lockedWriter{w: w}})
}

// levelOf is the level that the configuration names.
func levelOf(cfg config.Log) slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // checked with the configuration
	return level
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// console writes log lines for people: time, level, message, then key=value. Values of several lines, tracebacks above
// all, follow on lines of their own; the standard library's handler would make one long line of them. What the
// application itself wrote stands there as it is, after its worker's pid.
type console struct {
	level slog.Leveler
	out   *lockedWriter
	attrs []slog.Attr
	group string
}

func (c *console) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level.Level() }

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
		fmt.Fprintf(&b, "%-5s %s", r.Level, r.Message)
		writeAttrs(&b, attrs)
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	_, err := c.out.w.Write(b.Bytes())
	return err
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

// printable keeps an application's line from moving the cursor or ending the line, whatever a client made it print.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || (r >= ' ' && r != 0x7F) {
			return r
		}
		return '\uFFFD'
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
