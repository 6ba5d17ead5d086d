package chaos

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
	Seed        uint64
	Duration    time.Duration
	Rate        int
	Connections int
	Patience    time.Duration
	Plan        Plan
	MaxRequests int
	Logs        string
}

func parseOptions(args []string) (options, error) {
	opts := options{Options: report.Options{Choice: peer.Choice{Peers: []string{"forebay", "nginx+gunicorn"}, Workers: 2, Threads: 4}}}
	if err := opts.Parse("bench chaos", args, opts.flags); err != nil {
		return options{}, err
	}
	return opts, opts.validate()
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.Uint64Var(&o.Seed, "seed", 1, "decides which worker is killed and when exactly")
	flags.DurationVar(&o.Duration, "duration", time.Minute, "how long each peer is loaded and tormented")
	flags.IntVar(&o.Rate, "rate", 120, "requests a second of each of the two clients; every fourth is a POST")
	flags.IntVar(&o.Connections, "connections", 8, "requests that each of the two clients has under way at most")
	flags.DurationVar(&o.Patience, "patience", 20*time.Second, "how long a client waits for an answer")
	flags.DurationVar(&o.Plan.Kill, "kill", time.Second, "a worker is killed with -9 every so often; 0 is never")
	flags.DurationVar(&o.Plan.Reload, "reload", 5*time.Second, "the server gets SIGHUP every so often; 0 is never")
	flags.BoolVar(&o.Plan.Fault, "fault", true, "one of the reloads finds a syntax error in the application")
	flags.IntVar(&o.Plan.Upgrades, "upgrades", 0, "how often forebay's binary is upgraded by SIGUSR2")
	flags.IntVar(&o.MaxRequests, "max-requests", 200, "a worker is replaced after so many requests; 0 is never")
	flags.StringVar(&o.Logs, "logs", "", "directory for what each peer has logged")
}

func (o options) validate() error {
	return errors.Join(
		o.Choice.Validate(),
		peer.Within("duration", o.Duration, time.Second, 10*time.Minute),
		peer.Within("rate", o.Rate, 1, 2000),
		peer.Within("connections", o.Connections, 1, 256),
		peer.Within("patience", o.Patience, time.Second, time.Minute),
		seldom("kill", o.Plan.Kill),
		seldom("reload", o.Plan.Reload),
		peer.Within("upgrades", o.Plan.Upgrades, 0, 20),
		peer.Within("max-requests", o.MaxRequests, 0, 1_000_000),
	)
}

// seldom is an error for a torment that leaves no time in between.
func seldom(name string, every time.Duration) error {
	if every == 0 {
		return nil
	}
	return peer.Within(name, every, 200*time.Millisecond, time.Hour)
}
