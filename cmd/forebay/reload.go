package main

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"forebay/config"
	"forebay/proxy/admin"
	"forebay/workers"
)

// changeWhenAsked does one reload or upgrade after the other until the stop begins.
func (s *server) changeWhenAsked() {
	now := s.started.cfg // what is in force
	for {
		select {
		case <-s.stopping.begun.Done():
			return
		case <-s.reloads:
			now, _ = s.reloadNow(now)
		case files := <-s.edits:
			now = s.reloadEdited(now, files)
		case <-s.upgrades:
			s.upgradeNow()
		}
	}
}

// reloadNow does what SIGHUP asks for and returns what is in force then, and whether it is new.
func (s *server) reloadNow(now config.Config) (config.Config, bool) {
	began := time.Now()
	s.log.Info("reloading")
	s.manager.reloading()
	s.outcome.begin()
	next, err := s.reload(now)
	s.outcome.end(began, err)
	if err != nil {
		s.logRefused(err)
		s.manager.ready("reload refused: " + firstLine(err.Error()))
		return now, false
	}
	s.log.Info("reloaded", "changed", strings.Join(changes(now, next), " "), "workers", next.Workers.Processes,
		"took", time.Since(began).Round(time.Millisecond))
	s.manager.ready(fmt.Sprintf("serving with %d workers", next.Workers.Processes))
	return next, true
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// reload reads the configuration again and puts it in force, with a new generation of workers that loads the application
// anew. What may fail is done first: after an error everything is as it was. It blocks until the new workers serve, and
// not until the old ones have ended.
func (s *server) reload(now config.Config) (config.Config, error) {
	reading, err := config.Read(s.sources)
	if err != nil {
		return now, err
	}
	next, err := setupOf(keepFixed(bound(reading, s.activated), now, s.log), s.sources.Dir)
	if err != nil {
		return now, err
	}
	if next.front.Limits, err = s.limiter.Prepare(next.quota); err != nil {
		return now, err
	}
	next.front.Meter, next.front.Tracer = s.meter, s.tracer
	change, err := s.proxy.Prepare(s.stopping.begun, next.front)
	if err != nil {
		return now, err
	}
	s.logInherited(reading)
	cfg := next.cfg
	entry, err := admin.EntryOf(cfg.Admin)
	if err != nil {
		change.Drop()
		return now, err
	}
	target, err := s.access.Prepare(cfg.Log)
	if err != nil {
		change.Drop()
		return now, err
	}
	ready, err := s.pool.Reload(cfg.Workers, cfg.Dispatch.GracefulTimeout, s.watched(next.program))
	if err != nil {
		change.Drop()
		return now, errors.Join(err, target.Close())
	}
	change.Serve(s.filesOfDjango(next, ready))
	s.budget.Resize(cfg.Proxy.SpoolMemory)
	s.dispatcher.Reconfigure(cfg.Dispatch, cfg.Paths, s.limits(next))
	change.Apply()
	s.limiter.Use(next.front.Limits)
	s.access.Use(target)
	s.logs.use(cfg.Log)
	s.admin.use(entry)
	s.spec.Store(new(specOf(cfg)))
	s.stopping.setGrace(cfg.Dispatch.GracefulTimeout)
	return cfg, nil
}

// logRefused says why nothing has changed.
func (s *server) logRefused(err error) {
	if errors.Is(err, workers.ErrStopped) {
		s.log.Info("reload given up", "error", err)
		return
	}
	attrs := []any{"error", err}
	var load *workers.LoadError
	if errors.As(err, &load) {
		attrs = append(attrs, "traceback", load.Traceback)
	}
	s.log.Error("reload refused, everything goes on as before", attrs...)
}

// fixed are the keys that a running process cannot follow: who it is was settled when it had the rights for that, and what
// it watches when it was started.
var fixed = []string{"name", "user", "group", "umask", "pid", "reload", "reload_extra_files", "admin"}

// keepFixed leaves what cannot follow as it is now, and says so.
func keepFixed(next, now config.Config, log *slog.Logger) config.Config {
	for _, key := range changes(now, next) {
		if slices.Contains(fixed, key) {
			log.Warn("setting needs a restart", "key", key)
		}
	}
	next.Process = now.Process
	if next.Admin.Listen != now.Admin.Listen {
		next.Admin = now.Admin // who is let in was checked for that address
	}
	next.Workers.Reload, next.Workers.ReloadExtraFiles = now.Workers.Reload, now.Workers.ReloadExtraFiles
	return next
}

// changes are the keys of the settings in which two configurations differ.
func changes(a, b config.Config) []string {
	var keys []string
	for _, setting := range config.Settings {
		if setting.Value(a) != setting.Value(b) {
			keys = append(keys, setting.Key)
		}
	}
	if !reflect.DeepEqual(a.Paths, b.Paths) {
		keys = append(keys, "path")
	}
	if !reflect.DeepEqual(a.Limits, b.Limits) {
		keys = append(keys, "limit")
	}
	return keys
}
