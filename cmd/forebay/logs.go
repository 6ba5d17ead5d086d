package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"forebay/config"
	"forebay/workers"
)

// logs is forebay's own log, with what applications write to stdout and stderr. Its settings may change while it is in
// use.
type logs struct {
	level slog.LevelVar
	json  atomic.Bool
	color atomic.Bool
	// own bounds the records of forebay, and output those of applications: neither keeps the other one's out.
	own, output *throttle
	out         *lockedWriter
	colorful    bool // whoever reads it wants colours
}

// newLogs makes a log that goes to w.
func newLogs(cfg config.Log, w io.Writer) *logs {
	l := &logs{out: &lockedWriter{w: w}, colorful: wantsColor(w)}
	unbounded := l.handler()
	tell := func(of string) func(dropped int) {
		log := slog.New(unbounded).With("of", of)
		return func(dropped int) {
			log.Warn("log lines dropped: there were more in a second than log_rate", "lines", dropped)
		}
	}
	l.own, l.output = newThrottle(tell("forebay")), newThrottle(tell("the application"))
	l.use(cfg)
	return l
}

// use puts settings in force.
func (l *logs) use(cfg config.Log) {
	l.level.Set(levelOf(cfg))
	l.json.Store(cfg.Format == config.LogJSON)
	l.color.Store(cfg.Format == config.LogAuto && l.colorful)
	l.own.setRate(cfg.Rate)
	l.output.setRate(cfg.Rate)
}

// logger is what all parts write to.
func (l *logs) logger() *slog.Logger {
	h := l.handler()
	h.bounded = true
	return slog.New(h)
}

// close tells what was dropped last. Nothing more may be written then.
func (l *logs) close() {
	l.own.flush()
	l.output.flush()
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

// Write writes one record.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// handler writes records in the format that is in force.
type handler struct {
	logs       *logs
	text, json slog.Handler
	bounded    bool
}

func (l *logs) handler() *handler {
	options := slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: replaceAttr}
	return &handler{logs: l, text: &console{logs: l}, json: slog.NewJSONHandler(l.out, &options)}
}

// replaceAttr gives an application's lines a level with a name, and writes times in seconds as the access log does.
func replaceAttr(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) == 0 && a.Key == slog.LevelKey && a.Value.Any() == workers.LevelOutput:
		return slog.String(slog.LevelKey, "OUTPUT")
	case a.Value.Kind() == slog.KindDuration:
		return slog.Float64(a.Key, a.Value.Duration().Seconds())
	}
	return a
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.logs.level.Level()
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.text, next.json = h.text.WithAttrs(attrs), h.json.WithAttrs(attrs)
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.text, next.json = h.text.WithGroup(name), h.json.WithGroup(name)
	return &next
}

// Handle writes one record in one write, unless there have been too many.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.bounded {
		bound := h.logs.own
		if r.Level == workers.LevelOutput {
			bound = h.logs.output
		}
		if !bound.allow() {
			return nil
		}
	}
	if h.logs.json.Load() {
		return h.json.Handle(ctx, r)
	}
	return h.text.Handle(ctx, r)
}
