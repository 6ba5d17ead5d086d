package main

import (
	"fmt"
	"io"
	"log/slog"

	"forebay/proxy/trace"
)

// newTracer makes what exports spans, or nil if the environment does not ask for it. What of it cannot be read is logged.
func newTracer(environ []string, log *slog.Logger) *trace.Tracer {
	settings, faults := trace.SettingsOf(environ)
	for _, fault := range faults {
		log.Warn("variable ignored", "error", fault)
	}
	return trace.New(settings, buildVersion(), log)
}

// writeTracing tells where spans would go, and what newTracer would log.
func writeTracing(stdout io.Writer, environ []string) {
	settings, faults := trace.SettingsOf(environ)
	for _, fault := range faults {
		fmt.Fprintf(stdout, "ignored: %s\n", fault)
	}
	if settings.Endpoint != nil {
		fmt.Fprintf(stdout, "spans are exported to %s\n", settings.Place())
	}
}
