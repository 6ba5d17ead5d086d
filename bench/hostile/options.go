package hostile

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"forebay/bench/crowd"
	"forebay/bench/pace"
	"forebay/bench/peer"
	"forebay/bench/report"
)

// options are what the command line says.
type options struct {
	report.Options
	Kinds   []string
	Clients int
	Rounds  int
	Fast    pace.Load
	Settle  time.Duration
	// Others is how much of a CPU may go to others before a measurement is made again, at most Tries times in all.
	Others float64
	Tries  int
	// HalfOpen are the peers of the second table, and WaitDuration is for how long others come in it.
	HalfOpen     []string
	WaitDuration time.Duration
}

func parseOptions(args []string) (options, error) {
	opts := options{
		Options:  report.Options{Choice: peer.Choice{Peers: []string{"forebay", "nginx+gunicorn"}, Workers: 2, Threads: 2}},
		Kinds:    crowd.Names(),
		HalfOpen: []string{"forebay", "nginx+gunicorn", "gunicorn"},
	}
	if err := opts.Parse("bench hostile", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	list(flags, &o.Kinds, "kinds", fmt.Sprintf("kinds of clients, one after the other, of %s", strings.Join(crowd.Names(), ", ")))
	list(flags, &o.HalfOpen, "half-open", "peers of the second table, three half-open clients against one worker of two threads")
	flags.DurationVar(&o.WaitDuration, "wait-duration", 5*time.Second, "for how long others come in the second table")
	flags.IntVar(&o.Clients, "clients", 8000, "clients of each kind")
	flags.IntVar(&o.Rounds, "rounds", 1, "how often everything is measured; each time with new processes")
	flags.DurationVar(&o.Fast.Duration, "fast-duration", 10*time.Second, "how long the fast clients are measured, alone and with the others")
	flags.IntVar(&o.Fast.Rate, "fast-rate", 200, "requests a second of all fast clients together")
	flags.IntVar(&o.Fast.Connections, "fast-connections", 4, "connections of the fast clients")
	flags.DurationVar(&o.Fast.Patience, "patience", 15*time.Second, "how long a fast client waits for an answer")
	flags.DurationVar(&o.Settle, "settle", 60*time.Second, "how long it may take until all clients of a kind hold a connection")
	flags.Float64Var(&o.Others, "others", 0.3, "how many CPUs others may take before a measurement is made again")
	flags.IntVar(&o.Tries, "tries", 3, "how often a measurement is made at most for that reason")
}

// list adds a flag with words between commas; no words at all are an empty list.
func list(flags *flag.FlagSet, to *[]string, name, usage string) {
	usage = fmt.Sprintf("%s (default %s)", usage, strings.Join(*to, ","))
	flags.Func(name, usage, func(text string) error {
		*to = strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
		return nil
	})
}

func (o options) validate() error {
	var faults []error
	for _, name := range o.Kinds {
		_, err := crowd.Find(name)
		faults = append(faults, err)
	}
	halfOpen := o.Choice
	halfOpen.Peers = o.HalfOpen
	return errors.Join(append(faults,
		o.Choice.Validate(),
		halfOpen.Validate(),
		peer.Within("clients", o.Clients, 1, crowd.Largest),
		peer.Within("rounds", o.Rounds, 1, 20),
		peer.Within("fast-duration", o.Fast.Duration, 100*time.Millisecond, time.Minute),
		peer.Within("fast-rate", o.Fast.Rate, 1, 5000),
		peer.Within("fast-connections", o.Fast.Connections, 1, 64),
		peer.Within("patience", o.Fast.Patience, time.Second, time.Minute),
		peer.Within("wait-duration", o.WaitDuration, time.Second, time.Minute),
		peer.Within("tries", o.Tries, 1, 20),
		peer.Within("settle", o.Settle, time.Second, 5*time.Minute),
	)...)
}

// choice is what has to be prepared for both tables.
func (o options) choice() peer.Choice {
	all := o.Choice
	all.Peers = slices.Compact(slices.Sorted(slices.Values(slices.Concat(o.Peers, o.HalfOpen))))
	return all
}
