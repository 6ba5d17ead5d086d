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
)

// options are what the command line says.
type options struct {
	peer.Choice
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
	JSON         string
}

func parseOptions(args []string) (options, error) {
	opts := options{
		Choice:   peer.Choice{Peers: []string{"forebay", "nginx+gunicorn"}, Workers: 2, Threads: 2},
		Kinds:    crowd.Names(),
		HalfOpen: []string{"forebay", "nginx+gunicorn", "gunicorn"},
	}
	flags := flag.NewFlagSet("bench hostile", flag.ExitOnError)
	opts.Choice.Flags(flags)
	list(flags, &opts.Kinds, "kinds", fmt.Sprintf("kinds of clients, one after the other, of %s", strings.Join(crowd.Names(), ", ")))
	list(flags, &opts.HalfOpen, "half-open", "peers of the second table, three half-open clients against one worker of two threads")
	flags.DurationVar(&opts.WaitDuration, "wait-duration", 5*time.Second, "for how long others come in the second table")
	flags.IntVar(&opts.Clients, "clients", 8000, "clients of each kind")
	flags.IntVar(&opts.Rounds, "rounds", 1, "how often everything is measured; each time with new processes")
	flags.DurationVar(&opts.Fast.Duration, "fast-duration", 10*time.Second, "how long the fast clients are measured, alone and with the others")
	flags.IntVar(&opts.Fast.Rate, "fast-rate", 200, "requests a second of all fast clients together")
	flags.IntVar(&opts.Fast.Connections, "fast-connections", 4, "connections of the fast clients")
	flags.DurationVar(&opts.Fast.Patience, "patience", 15*time.Second, "how long a fast client waits for an answer")
	flags.DurationVar(&opts.Settle, "settle", 60*time.Second, "how long it may take until all clients of a kind hold a connection")
	flags.Float64Var(&opts.Others, "others", 0.3, "how many CPUs others may take before a measurement is made again")
	flags.IntVar(&opts.Tries, "tries", 3, "how often a measurement is made at most for that reason")
	flags.StringVar(&opts.JSON, "json", "", "file for every single figure")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return opts, opts.validate()
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
