package main

import (
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
