package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	Peers   []string
	Rounds  int
	Warmup  time.Duration
	Load    Load
	Path    string
	Workers int
	Threads int
	Python  string
	JSON    string
}

// parseOptions reads the command line. Every count and time has an upper bound, so that a slip of a key cannot keep a
// machine busy for a day.
func parseOptions(args []string) (options, error) {
	opts := options{}
	peers := ""
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.StringVar(&peers, "peers", strings.Join(defaultPeers, ","),
		"peers in the order of each round, of "+strings.Join(peerNames(), ", ")+"; the first is compared with the others")
	flags.IntVar(&opts.Rounds, "rounds", 5, "how often each peer is loaded")
	flags.DurationVar(&opts.Warmup, "warmup", 2*time.Second, "how long each peer is loaded before the first round")
	flags.DurationVar(&opts.Load.Duration, "duration", 5*time.Second, "how long each peer is loaded in a round, in whole seconds")
	flags.IntVar(&opts.Load.Connections, "connections", 64, "open connections of wrk")
	flags.IntVar(&opts.Load.Threads, "wrk-threads", 2, "threads of wrk")
	flags.StringVar(&opts.Path, "path", "/", "path to ask for")
	flags.IntVar(&opts.Workers, "workers", 2, "worker processes of each peer")
	flags.IntVar(&opts.Threads, "threads", 4, "threads of each worker process")
	flags.StringVar(&opts.Python, "python", "python3", "interpreter that the virtual environment is made with")
	flags.StringVar(&opts.JSON, "json", "", "file for every single figure")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	opts.Peers = strings.Split(peers, ",")
	return opts, opts.validate()
}

func (o options) validate() error {
	var faults []error
	for _, name := range o.Peers {
		if !slices.Contains(peerNames(), name) {
			faults = append(faults, fmt.Errorf("-peers: no peer is named %q; there are %s", name, strings.Join(peerNames(), ", ")))
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(o.Peers)))) != len(o.Peers) {
		faults = append(faults, errors.New("-peers: a peer is named twice"))
	}
	if !strings.HasPrefix(o.Path, "/") {
		faults = append(faults, fmt.Errorf("-path: %q does not begin with a slash", o.Path))
	}
	if o.Load.Duration%time.Second != 0 || o.Warmup%time.Second != 0 {
		faults = append(faults, errors.New("-duration, -warmup: wrk counts in whole seconds"))
	}
	return errors.Join(append(faults,
		within("rounds", o.Rounds, 1, 50),
		within("connections", o.Load.Connections, 1, 4096),
		within("wrk-threads", o.Load.Threads, 1, min(o.Load.Connections, 64)),
		within("workers", o.Workers, 1, 64),
		within("threads", o.Threads, 1, 256),
		within("duration", o.Load.Duration, time.Second, time.Minute),
		within("warmup", o.Warmup, time.Second, time.Minute),
	)...)
}

func within[T int | time.Duration](name string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("-%s: %v is not between %v and %v", name, value, low, high)
	}
	return nil
}
