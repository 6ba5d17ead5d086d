// Command bench compares forebay with the servers it wants to replace, on this machine, in one run:
//
//	go run ./bench
//
// It builds forebay, makes a virtual environment with the newest gunicorn in .cache/bench-venv, starts every peer on a
// free port of the loopback interface and loads them with wrk in turn (A B A B …), so that whatever else the machine
// does falls on all of them. The result is a Markdown table on stdout and, with -json, a file with every single figure.
//
// What it promises: all peers run the same application with the same Python and as many processes and threads; CPU time
// is counted over all processes of a peer; peers are compared round by round; the report shows the exact settings, names
// those that favour one side, and says how much CPU went to neither peer nor wrk. It judges nothing: there are no
// thresholds, and the exit status is 0 unless a peer fails. It needs Linux (/proc), nginx and wrk; on Debian, as root,
// it installs the two.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the peers are being stopped; a second one ends the program at once.
	context.AfterFunc(ctx, restore)
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does all of it and returns when every peer has been stopped.
func run(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "forebay-bench-")
	if err != nil {
		return fmt.Errorf("make a directory for the peers: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // a temporary directory; the system clears what is left
	kit, err := prepare(ctx, opts, temp)
	if err != nil {
		return err
	}
	report, err := compare(ctx, opts, kit)
	if err != nil {
		return err
	}
	report.writeMarkdown(os.Stdout)
	if opts.JSON == "" {
		return nil
	}
	return report.writeJSON(opts.JSON)
}
