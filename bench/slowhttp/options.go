package slowhttp

import (
	"errors"
	"flag"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// options are what the command line says.
type options struct {
	report.Options
	Attack Attack
}

func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 2}}}
	if err := opts.Parse("bench slowhttptest", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.DurationVar(&o.Attack.Duration, "duration", 20*time.Second, "how long each mode lasts, in whole seconds")
	flags.IntVar(&o.Attack.Connections, "connections", 1000, "connections of slowhttptest")
	flags.IntVar(&o.Attack.Rate, "rate", 200, "connections that it makes in a second")
	flags.DurationVar(&o.Attack.Probe, "probe", 3*time.Second, "how long its probe waits before the service is unavailable, in whole seconds")
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
