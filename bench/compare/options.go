package compare

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// options are what the command line says.
type options struct {
	report.Options
	Rounds int
	Warmup time.Duration
	Load   Load
	Path   string
}

// parseOptions reads the command line.
func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: peer.Defaults, Workers: 2, Threads: 4}}}
	if err := opts.Parse("bench", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.IntVar(&o.Rounds, "rounds", 5, "how often each peer is loaded")
	flags.DurationVar(&o.Warmup, "warmup", 2*time.Second, "how long each peer is loaded before the first round")
	flags.DurationVar(&o.Load.Duration, "duration", 5*time.Second, "how long each peer is loaded in a round, in whole seconds")
	flags.IntVar(&o.Load.Connections, "connections", 64, "open connections of wrk")
	flags.IntVar(&o.Load.Threads, "wrk-threads", 2, "threads of wrk")
	flags.StringVar(&o.Path, "path", "/", "path to ask for")
}

func (o options) validate() error {
	var faults []error
	if !strings.HasPrefix(o.Path, "/") {
		faults = append(faults, fmt.Errorf("-path: %q does not begin with a slash", o.Path))
	}
	if o.Load.Duration%time.Second != 0 || o.Warmup%time.Second != 0 {
		faults = append(faults, errors.New("-duration, -warmup: wrk counts in whole seconds"))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("rounds", o.Rounds, 1, 50),
		peer.Within("connections", o.Load.Connections, 1, 4096),
		peer.Within("wrk-threads", o.Load.Threads, 1, min(o.Load.Connections, 64)),
		peer.Within("duration", o.Load.Duration, time.Second, time.Minute),
		peer.Within("warmup", o.Warmup, time.Second, time.Minute),
	)...)
}
