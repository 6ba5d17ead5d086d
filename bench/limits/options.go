package limits

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
	Parts  []string
	Rounds int
	Load   wrk.Load
	// Rate, Burst and Lease are those of the limit that processes share, and SharingDuration is for how long.
	Rate, Burst, Lease int
	Processes          int
	SharingDuration    time.Duration
	FaultDuration      time.Duration
}

func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay", "nginx+gunicorn"}, Workers: 2, Threads: 4}}, Parts: partNames()}
	if err := opts.Parse("bench limits", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.Func("parts", "what is measured, of "+strings.Join(o.Parts, ", ")+" (default all)", func(text string) error {
		o.Parts = strings.Split(text, ",")
		return nil
	})
	flags.IntVar(&o.Rounds, "rounds", 3, "how often the cost is measured of each peer")
	flags.DurationVar(&o.Load.Duration, "duration", 5*time.Second, "how long each peer is loaded in a round, in whole seconds")
	flags.IntVar(&o.Load.Connections, "connections", 64, "open connections of wrk")
	flags.IntVar(&o.Load.Threads, "wrk-threads", 2, "threads of wrk")
	flags.IntVar(&o.Processes, "processes", 4, "forebay processes that share a rate")
	flags.IntVar(&o.Rate, "rate", 1000, "requests a second that they share")
	flags.IntVar(&o.Burst, "burst", 100, "the burst of it")
	flags.IntVar(&o.Lease, "lease", 10, "what each takes in advance, with leases")
	flags.DurationVar(&o.SharingDuration, "sharing-duration", 10*time.Second, "how long they are loaded")
	flags.DurationVar(&o.FaultDuration, "fault-duration", 3*time.Second, "how long each fault of Redis lasts")
}

func partNames() []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return names
}

func (o options) validate() error {
	var faults []error
	for _, part := range o.Parts {
		if !slices.Contains(partNames(), part) {
			faults = append(faults, fmt.Errorf("-parts: no part is named %q; there are %s", part, strings.Join(partNames(), ", ")))
		}
	}
	if !slices.Contains(o.Peers, "forebay") {
		faults = append(faults, errors.New("-peers: want forebay among them"))
	}
	if o.Load.Duration%time.Second != 0 {
		faults = append(faults, errors.New("-duration: wrk counts in whole seconds"))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("rounds", o.Rounds, 1, 20),
		peer.Within("duration", o.Load.Duration, time.Second, time.Minute),
		peer.Within("connections", o.Load.Connections, 1, 4096),
		peer.Within("wrk-threads", o.Load.Threads, 1, min(o.Load.Connections, 64)),
		peer.Within("processes", o.Processes, 1, 16),
		peer.Within("rate", o.Rate, 1, 1_000_000),
		peer.Within("burst", o.Burst, 1, 1_000_000),
		peer.Within("lease", o.Lease, 1, o.Burst),
		peer.Within("sharing-duration", o.SharingDuration, time.Second, time.Minute),
		peer.Within("fault-duration", o.FaultDuration, 500*time.Millisecond, time.Minute),
	)...)
}
