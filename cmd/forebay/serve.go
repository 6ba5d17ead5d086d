package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"forebay/config"
	"forebay/workers"
)

// serve builds the server of a configuration, runs it until a signal or a failure ends it, and returns the exit code.
func serve(cfg config.Config, stdout, stderr io.Writer) int {
	log := newLogger(cfg.Log, stderr)
	s, err := build(cfg, stdout, log)
	if err == nil {
		defer s.close()
		err = s.listen()
	}
	if err == nil {
		ctx, stop := stopOnSignal(log)
		defer stop()
		err = s.run(ctx, stderr)
	}
	return exitOf(err, stderr)
}

// exitOf tells what went wrong, each kind with its own exit code.
func exitOf(err error, stderr io.Writer) int {
	var load *workers.LoadError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitOK
	case errors.As(err, &load):
		fmt.Fprintln(stderr, "forebay: the application could not be loaded:")
		fmt.Fprintln(stderr, load.Traceback)
		return exitApp
	}
	fmt.Fprintln(stderr, "forebay:", err)
	return exitStart
}

// stopOnSignal returns a context that ends at the first SIGTERM or SIGINT. A second one ends the process at once; the
// workers follow it, as their parent is gone.
func stopOnSignal(log *slog.Logger) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { // ends by stop
		for count := 0; ; count++ {
			select {
			case <-done:
				return
			case s := <-signals:
				if count > 0 {
					log.Warn("stopping at once", "signal", s.String())
					os.Exit(exitStart)
				}
				log.Info("stopping", "signal", s.String())
				cancel()
			}
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		watching.Wait()
		cancel()
	}
}
