// Command forebay serves a WSGI application over HTTP: one program that stands where a front server and a Python
// application server stand otherwise.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"forebay/cmd/manual"
	"forebay/config"
)

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// run does what the command line says and returns the exit code. It blocks for as long as the server runs.
func run(args, environ []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args)
	if err != nil {
		return report(stderr, err, exitUsage)
	}
	switch opts.command {
	case commandHelp:
		writeHelp(stdout, width(stdout))
		return exitOK
	case commandVersion:
		fmt.Fprintln(stdout, versionLine())
		return exitOK
	case commandCompress:
		return compress(opts.compression, stdout, stderr)
	case commandMigrate:
		return migrate(opts.migrating, stdout, stderr)
	case commandInit:
		return initiate(opts.initiation, stdout, stderr)
	case commandCompletion:
		return show(manual.Completion(opts.shell), stdout, stderr)
	case commandMan:
		return show(manual.Man(buildVersion()), stdout, stderr)
	case commandSchema:
		return show(string(config.Schema()), stdout, stderr)
	}
	dir, err := os.Getwd()
	if err != nil {
		return report(stderr, fmt.Errorf("find the current directory: %w", err), exitStart)
	}
	sources := config.Sources{Dir: dir, File: opts.file, Environ: environ, Flags: opts.values, RunGunicorn: gunicornRunner(stderr)}
	if opts.operates() {
		return operate(opts, sources, stdout, stderr)
	}
	reading, err := config.Read(sources)
	if err != nil {
		return report(stderr, err, exitUsage)
	}
	if opts.command == commandCheck {
		check(stdout, sources, reading, opts.printValues)
		return exitOK
	}
	if err := wantApp(reading); err != nil {
		return report(stderr, err, exitUsage)
	}
	return serve(sources, reading, stdout, stderr)
}

// show writes a text that somebody may keep in a file.
func show(text string, stdout, stderr io.Writer) int {
	if _, err := io.WriteString(stdout, text); err != nil {
		return report(stderr, fmt.Errorf("write: %w", err), exitStart)
	}
	return exitOK
}

// report writes err, each fault of a configuration on a line of its own, and returns code.
func report(stderr io.Writer, err error, code int) int {
	var faults config.Faults
	if !errors.As(err, &faults) {
		fmt.Fprintln(stderr, "forebay:", err)
		return code
	}
	for _, fault := range faults {
		fmt.Fprintln(stderr, "forebay:", fault)
	}
	return code
}
