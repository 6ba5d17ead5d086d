package slowhttp

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"forebay/bench/peer"
)

// options are what the command line says.
type options struct {
	peer.Choice
	Attack Attack
	JSON   string
}

func parseOptions(args []string) (options, error) {
	opts := options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 2}}
	flags := flag.NewFlagSet("bench slowhttptest", flag.ExitOnError)
	opts.Choice.Flags(flags)
	flags.DurationVar(&opts.Attack.Duration, "duration", 20*time.Second, "how long each mode lasts, in whole seconds")
	flags.IntVar(&opts.Attack.Connections, "connections", 1000, "connections of slowhttptest")
	flags.IntVar(&opts.Attack.Rate, "rate", 200, "connections that it makes in a second")
	flags.DurationVar(&opts.Attack.Probe, "probe", 3*time.Second, "how long its probe waits before the service is unavailable, in whole seconds")
	flags.StringVar(&opts.JSON, "json", "", "file for every single figure")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return opts, opts.validate()
}

func (o options) validate() error {
	var faults []error
	if o.Attack.Duration%time.Second != 0 || o.Attack.Probe%time.Second != 0 {
		faults = append(faults, errors.New("-duration, -probe: slowhttptest counts in whole seconds"))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("duration", o.Attack.Duration, 2*time.Second, 5*time.Minute),
		peer.Within("connections", o.Attack.Connections, 1, 15000),
		peer.Within("rate", o.Attack.Rate, 1, 5000),
		peer.Within("probe", o.Attack.Probe, time.Second, time.Minute),
	)...)
}
