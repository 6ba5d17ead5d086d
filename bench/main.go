// Command bench compares forebay with the servers it wants to replace, on this machine, in one run:
//
//	go run ./bench
//
// It builds forebay, makes a virtual environment with the newest gunicorn in .cache/bench-venv, starts every peer on a
// free port of the loopback interface and loads them in turn. The result is a page of Markdown on stdout and, with -json,
// a file with every single figure. Without a further word it compares throughput and latency; see package compare.
//
// What it promises: all peers run the same application with the same Python and as many processes and threads; the report
// shows the exact settings and names those that favour one side. It judges nothing: the exit status is 0 unless a peer
// fails. It needs Linux (/proc) and some programs (nginx, wrk); on Debian, as root, it installs them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"forebay/bench/compare"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the peers are being stopped; a second one ends the program at once.
	context.AfterFunc(ctx, restore)
	if err := compare.Main(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
