package static

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/wrk"
)

// options are what the command line says.
type options struct {
	report.Options
	Kinds  []string
	Rounds int
	Load   wrk.Load
}

func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay"}, Workers: 2, Threads: 4}}, Kinds: kindNames()}
	if err := opts.Parse("bench static", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.Func("kinds", "kinds of load, of "+strings.Join(o.Kinds, " ")+" (default all)", func(text string) error {
		o.Kinds = strings.Fields(text)
		return nil
	})
	flags.IntVar(&o.Rounds, "rounds", 5, "how often each server is loaded with each kind")
	flags.DurationVar(&o.Load.Duration, "duration", 3*time.Second, "how long in a round, in whole seconds; the warm-up takes as long")
	flags.IntVar(&o.Load.Connections, "connections", 64, "open connections of wrk; 8 where the file has 100 MiB")
	flags.IntVar(&o.Load.Threads, "wrk-threads", 2, "threads of wrk")
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// chosen are the kinds that are asked for, in their own order.
func (o options) chosen() []kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !slices.Contains(o.Kinds, k.name) })
}

func (o options) validate() error {
	var faults []error
	for _, name := range o.Kinds {
		if !slices.Contains(kindNames(), name) {
			faults = append(faults, fmt.Errorf("-kinds: there is no %q, but %s", name, strings.Join(kindNames(), " ")))
		}
	}
	if !slices.Equal(o.Peers, []string{"forebay"}) {
		faults = append(faults, errors.New("-peers: forebay is compared with nginx, and nothing else"))
	}
	if o.Load.Duration%time.Second != 0 {
		faults = append(faults, errors.New("-duration: wrk counts in whole seconds"))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("rounds", o.Rounds, 1, 50),
		peer.Within("duration", o.Load.Duration, time.Second, time.Minute),
		peer.Within("connections", o.Load.Connections, 1, 4096),
		peer.Within("wrk-threads", o.Load.Threads, 1, min(o.Load.Connections, 64)),
	)...)
}
