// Command bench compares forebay with the servers it wants to replace, on this machine, in one run:
//
//	go run ./bench
//
// It builds forebay, makes a virtual environment with the newest releases of the others in .cache/bench-venv, starts every
// peer on a free port of the loopback interface and loads them in turn. The result is a page of Markdown on stdout and, with
// -out, a directory with that page, charts, and a file with every single figure, which can be gone on with (-resume). Without
// a further word it compares throughput, latency, CPU time, memory and system calls of many applications (package compare);
// -quick only shows in less than a minute that everything works. Other words do other things, each with flags of its own (-h):
//
//	go run ./bench hostile        what slow, idle and hostile clients do to the others (package hostile)
//	go run ./bench slowhttptest   when slowhttptest finds the service available while it attacks (package slowhttp)
//	go run ./bench chaos          what is lost while workers are killed, recycled and reloaded (package chaos)
//	go run ./bench static         files, beside nginx (package static)
//	go run ./bench limits         what rate limits cost, how exactly processes share one, and what Redis's faults do (package limits)
//	go run ./bench overload       what is left of a server that is asked for more than it can do (package overload)
//	go run ./bench crowd          slow clients alone, for a server on the loopback interface (package crowd)
//
// What it promises: all peers run the same application with the same Python and as many processes and threads; the report
// shows the exact settings and names those that favour one side. It judges nothing: the exit status is 0 unless a peer
// fails, and in the comparison also then, as the report names it. It needs Linux (/proc) and some programs (nginx, wrk); on
// Debian, as root, it installs them.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"forebay/bench/chaos"
	"forebay/bench/compare"
	"forebay/bench/crowd"
	"forebay/bench/hostile"
	"forebay/bench/limits"
	"forebay/bench/overload"
	"forebay/bench/slowhttp"
	"forebay/bench/static"
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

// commands are what the first word of the command line may be.
var commands = map[string]func(context.Context, []string) error{
	"chaos":        chaos.Main,
	"compare":      compare.Main,
	"crowd":        crowd.Main,
	"hostile":      hostile.Main,
	"limits":       limits.Main,
	"overload":     overload.Main,
	"slowhttptest": slowhttp.Main,
	"static":       static.Main,
}

// run runs the command that the first word names, or the comparison if it is a flag.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return compare.Main(ctx, args)
	}
	command, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("no command is named %q; there are %s", args[0], strings.Join(slices.Sorted(maps.Keys(commands)), ", "))
	}
	return command(ctx, args[1:])
}
