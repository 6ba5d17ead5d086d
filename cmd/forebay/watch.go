package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"forebay/config"
	"forebay/workers"
	"forebay/workers/watch"
)

// forDevelopment is a configuration with which an application is reloaded all the time. One worker starts faster than many,
// and there is nothing to share with others. Whoever asks for what has just been changed waits for it, as long as it takes
// to import it.
func forDevelopment(cfg config.Config) config.Config {
	cfg.Workers.Preload = false
	if cfg.Workers.Processes == 0 {
		cfg.Workers.Processes = 1
	}
	cfg.Dispatch.QueueTimeout = max(cfg.Dispatch.QueueTimeout, cfg.Workers.BootTimeout)
	return cfg
}

// newWatcher makes what watches the application. It returns nil if cfg, the configuration as it was read, does not ask for
// that.
func (s *server) newWatcher(cfg config.Config) (*watch.Watcher, error) {
	if !cfg.Workers.Reload {
		return nil, nil
	}
	if cfg.Workers.Preload {
		s.log.Info("preload is left out, as reload starts workers anew")
	}
	patterns := cfg.Workers.ReloadExtraFiles
	if cfg.App.Spec != "" {
		patterns = append(watch.Code(s.started.program.Dir), patterns...)
	}
	return watch.New(patterns, s.log)
}

// watched has the files watched that a program turns out to be made of.
func (s *server) watched(program workers.Program) workers.Program {
	if s.watcher != nil {
		program.Imported = s.watcher.Add
	}
	return program
}

// watchFiles sees to it that files which have changed lead to a reload, until the stop begins. From the first change on no
// request is run by workers that do not know of it.
func (s *server) watchFiles() {
	defer s.dispatcher.Resume() // nobody will reload any more
	s.watcher.Run(s.stopping.begun, s.dispatcher.Hold, func(files []string) {
		select {
		case s.edits <- files:
		default: // a reload is to come, and will see these too
		}
	})
}

// reloadEdited reloads because files have changed. If that fails, the workers go on that know nothing of it.
func (s *server) reloadEdited(now config.Config, files []string) config.Config {
	s.logEdited(files)
	s.dispatcher.Hold() // a reload may have come between
	next, done := s.reloadNow(now)
	if !done {
		s.dispatcher.Resume()
	}
	return next
}

// loadEdited tries to load an application that could not be loaded, or not yet. The pool says who is ready.
func (s *server) loadEdited(files []string) {
	s.logEdited(files)
	cfg := s.started.cfg
	_, err := s.pool.Reload(cfg.Workers, cfg.Dispatch.GracefulTimeout, s.watched(s.started.program))
	switch {
	case errors.Is(err, workers.ErrSuperseded): // that one will tell
	case err != nil:
		s.logRefused(err)
		s.dispatcher.Resume() // of the first workers, if they became ready meanwhile
	}
}

// logEdited names what has changed, as seen from the application's directory.
func (s *server) logEdited(files []string) {
	const most = 5
	var names []string
	for _, file := range files[:min(len(files), most)] {
		if name, err := filepath.Rel(s.started.program.Dir, file); err == nil && filepath.IsLocal(name) {
			file = name
		}
		names = append(names, file)
	}
	if len(files) > most {
		names = append(names, fmt.Sprintf("and %d more", len(files)-most))
	}
	s.log.Info("files changed", "files", strings.Join(names, ", "))
}
