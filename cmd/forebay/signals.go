package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"forebay/workers"
)

// catchSignals returns the signals that the server acts on, from now on: some that come during a start would end it.
func catchSignals() (signals <-chan os.Signal, release func()) {
	const waiting = 16 // while one is acted on
	caught := make(chan os.Signal, waiting)
	signal.Notify(caught, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1,
		syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU)
	// The runtime ends a program that writes to a standard stream which nobody reads any more, unless it wants to hear of
	// that. Ignoring the signal would do as well, but the workers would inherit it.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	return caught, func() {
		signal.Stop(caught)
		signal.Stop(pipe)
	}
}

// obey acts on signals until ctx ends.
func (s *server) obey(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case sig := <-signals:
			s.act(sig)
		}
	}
}

// act does what one signal asks for, without waiting for its end.
func (s *server) act(sig os.Signal) {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT:
		if s.stopping.asked() {
			s.exit(sig)
		}
		s.askStop("signal", sig.String())
	case syscall.SIGQUIT:
		s.log.Info("stopping fast", "signal", sig.String())
		s.manager.notify(daemon.SdNotifyStopping)
		s.stopping.hurry()
	case syscall.SIGHUP:
		s.askReload()
	case syscall.SIGUSR2:
		select {
		case s.upgrades <- struct{}{}:
		default: // one is to come
		}
	case syscall.SIGUSR1:
		if err := s.access.Reopen(); err != nil {
			s.log.Error("access log not reopened", "error", err)
			return
		}
		s.log.Info("access log reopened")
	case syscall.SIGTTIN:
		s.resize(+1)
	case syscall.SIGTTOU:
		s.resize(-1)
	}
}

// askReload asks for a reload.
func (s *server) askReload() {
	select {
	case s.reloads <- struct{}{}:
	default: // one is to come, and will see what this one is about
	}
}

// askStop asks for a stop in good order, and says in the log who did.
func (s *server) askStop(who ...any) {
	s.log.Info("stopping", who...)
	s.manager.notify(daemon.SdNotifyStopping)
	s.stopping.drain()
}

func (s *server) resize(by int) {
	if n := s.pool.Resize(by); n > 0 {
		s.log.Info("number of workers set", "workers", n)
	}
}

// exit ends the process at once; the workers follow it, as their parent is gone.
func (s *server) exit(sig os.Signal) {
	s.log.Warn("stopping at once", "signal", sig.String())
	s.clearDisk()
	os.Exit(exitStart)
}

// reap waits for adopted children until ctx ends.
func (s *server) reap(ctx context.Context) {
	news := make(chan os.Signal, 1)
	signal.Notify(news, syscall.SIGCHLD)
	defer signal.Stop(news)
	workers.Reap(ctx, news, s.log)
}
