package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"forebay/config"
	"forebay/workers"
)

// serve builds the server of a configuration, runs it until a signal or a failure ends it, and returns the exit code.
// sources are what the configuration was read from, for those who ask for it to be read again.
func serve(sources config.Sources, reading config.Reading, stdout, stderr io.Writer) int {
	signals, release := catchSignals()
	defer release()
	activated := takeActivation()
	left, err := takeHeritage()
	if left != nil {
		activated = left.Activated
	}
	var s *server
	if err == nil {
		s, err = build(sources, bound(reading, activated), stdout, stderr)
	}
	if err == nil {
		defer s.close()
		s.activated, s.heritage = activated, left
		s.logInherited(reading)
		err = s.listen()
	}
	if err == nil {
		err = s.run(signals, stderr)
	}
	if reading.Config.Log.Format == config.LogJSON {
		return logExit(err, newLogs(reading.Config.Log, stderr).logger())
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

// logExit is exitOf for a log that is read by machines.
func logExit(err error, log *slog.Logger) int {
	code := exitOf(err, io.Discard)
	var load *workers.LoadError
	switch {
	case errors.As(err, &load):
		log.Error("the application could not be loaded", "traceback", load.Traceback)
	case code != exitOK:
		log.Error("forebay ends", "error", err)
	}
	return code
}
