package overload

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// options are what the command line says.
type options struct {
	report.Options
	Cost     time.Duration // of one request
	Spin     bool          // it costs CPU time, not only time
	Factor   float64
	Rest     float64
	Patience time.Duration
	Peak     time.Duration
	Before   time.Duration
	During   time.Duration
	After    time.Duration
}

func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 4}}}
	if err := opts.Parse("bench overload", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.DurationVar(&o.Cost, "cost", 20*time.Millisecond, "what a request costs, in whole milliseconds")
	flags.BoolVar(&o.Spin, "spin", false, "requests cost CPU time; without it they wait, as for a database")
	flags.Float64Var(&o.Factor, "factor", 3, "overload, as a multiple of the peak")
	flags.Float64Var(&o.Rest, "rest", 0.5, "load before and after it, as a part of the peak")
	flags.DurationVar(&o.Patience, "patience", time.Second, "how late an answer may be")
	flags.DurationVar(&o.Peak, "peak", 3*time.Second, "how long the peak is measured")
	flags.DurationVar(&o.Before, "before", 2*time.Second, "how long the load is low at first")
	flags.DurationVar(&o.During, "during", 10*time.Second, "how long it is too high")
	flags.DurationVar(&o.After, "after", 5*time.Second, "how long it is low again")
}

func (o options) validate() error {
	var faults []error
	if o.Cost%time.Millisecond != 0 {
		faults = append(faults, errors.New("-cost: in whole milliseconds"))
	}
	if o.Factor < 1 || o.Factor > 20 {
		faults = append(faults, fmt.Errorf("-factor: %v is not between 1 and 20", o.Factor))
	}
	if o.Rest <= 0 || o.Rest > 1 {
		faults = append(faults, fmt.Errorf("-rest: %v is not between 0 and 1", o.Rest))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("cost", o.Cost, time.Millisecond, 10*time.Second),
		peer.Within("patience", o.Patience, 10*time.Millisecond, time.Minute),
		peer.Within("peak", o.Peak, time.Second, time.Minute),
		peer.Within("before", o.Before, time.Second, time.Minute),
		peer.Within("during", o.During, time.Second, time.Minute),
		peer.Within("after", o.After, 2*time.Second, time.Minute),
	)...)
}

// path asks for the cost.
func (o options) path() string {
	kind := "sleep"
	if o.Spin {
		kind = "spin"
	}
	return fmt.Sprintf("/%s/%d", kind, o.Cost.Milliseconds())
}
