package compare

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// options are what the command line says.
type options struct {
	report.Options
	Scenarios []scenario
	Plan
	Bare   bool
	Out    string
	Resume bool
}

// Plan is how each peer is measured in each scenario.
type Plan struct {
	Rounds   int           `json:"rounds"`
	Duration time.Duration `json:"duration_ns"`
	// Warmup comes before each run, and is not counted.
	Warmup time.Duration `json:"warmup_ns"`
	// Rates are those at which latencies are measured, in percent of what the peer can do, for so long and so often.
	Rates        []int         `json:"rates_percent"`
	RateDuration time.Duration `json:"rate_duration_ns"`
	RateRounds   int           `json:"rate_rounds"`
	// Calls is for how long system calls are counted; 0 is not at all.
	Calls time.Duration `json:"count_calls_for_ns"`
	// Loops are the threads that make the load.
	Loops int `json:"load_threads"`
}

// quickly is a plan that only shows that everything works.
var quickly = Plan{
	Rounds: 1, Duration: 200 * time.Millisecond, Warmup: 50 * time.Millisecond,
	Rates: []int{50}, RateDuration: 200 * time.Millisecond, RateRounds: 1, Calls: 50 * time.Millisecond, Loops: 1,
}

// parseOptions reads the command line. -quick chooses the plan, and what is asked where nothing is said.
func parseOptions(args []string) (options, error) {
	opts := options{
		Options: report.Options{Choice: peer.Choice{Peers: peer.Names(), Workers: 2, Threads: 4, Lenient: true}},
		Plan:    Plan{Rates: []int{50, 80}}, Bare: true,
	}
	list, quick := "", false
	err := opts.Parse("bench", args, func(flags *flag.FlagSet) {
		opts.flags(flags)
		flags.StringVar(&list, "scenarios", "", scenarioUsage())
		flags.BoolVar(&quick, "quick", false, "see that everything works, in less than a minute: install nothing, one short round")
	})
	if err != nil {
		return options{}, err
	}
	if quick {
		opts.Plan, opts.Offline = quickly, true
	}
	if list == "" {
		list = map[bool]string{false: "default", true: "quick"}[quick]
	}
	if opts.Scenarios, err = parseScenarios(list); err != nil {
		return options{}, err
	}
	for _, s := range opts.Scenarios {
		opts.Packages = append(opts.Packages, s.packages...)
	}
	return opts, opts.validate()
}

func scenarioUsage() string {
	return "what is asked, separated by commas: APPLICATION[@CONNECTIONS][/close|/close10|/session|/wrk] or one of the sets " +
		strings.Join(slices.Sorted(maps.Keys(sets)), ", ") + "; applications are " + strings.Join(applicationNames(), ", ") + " (default the set default, or quick)"
}

func (o *options) flags(flags *flag.FlagSet) {
	flags.IntVar(&o.Rounds, "rounds", 3, "how often each peer is loaded in each scenario")
	flags.DurationVar(&o.Duration, "duration", 2*time.Second, "how long each peer is loaded in a round")
	flags.DurationVar(&o.Warmup, "warmup", 300*time.Millisecond, "how long it is loaded before what counts, in each round")
	flags.Func("rates", "steady rates in percent of what the peer can do, at which latencies are measured; none is no rates (default 50,80)", o.readRates)
	flags.DurationVar(&o.RateDuration, "rate-duration", 2*time.Second, "how long each of them is kept up")
	flags.IntVar(&o.RateRounds, "rate-rounds", 1, "how often")
	flags.DurationVar(&o.Calls, "calls", 300*time.Millisecond, "how long system calls are counted; 0 does not count them")
	flags.IntVar(&o.Loops, "load-threads", 2, "threads of the program that make the load")
	flags.BoolVar(&o.Bare, "bare", true, "call each application without a server, too")
	flags.StringVar(&o.Out, "out", "", "directory for results.json, README.md and charts, which are written after each scenario")
	flags.BoolVar(&o.Resume, "resume", false, "go on with what is in that directory")
}

func (o *options) readRates(list string) error {
	o.Rates = nil
	if list == "none" {
		return nil
	}
	for _, text := range strings.Split(list, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		o.Rates = append(o.Rates, rate)
	}
	return nil
}

func (o options) validate() error {
	var faults []error
	for _, rate := range o.Rates {
		faults = append(faults, peer.Within("rates", rate, 1, 120))
	}
	if o.Resume && o.Out == "" {
		faults = append(faults, errors.New("-resume: -out says what to go on with"))
	}
	if o.asksWrk() && o.Duration%time.Second != 0 {
		faults = append(faults, errors.New("-duration: wrk counts in whole seconds"))
	}
	return errors.Join(append(faults,
		o.Choice.Validate(),
		peer.Within("rounds", o.Rounds, 1, 50),
		peer.Within("duration", o.Duration, 100*time.Millisecond, time.Minute),
		peer.Within("warmup", o.Warmup, 0, time.Minute),
		peer.Within("rate-duration", o.RateDuration, 100*time.Millisecond, time.Minute),
		peer.Within("rate-rounds", o.RateRounds, 0, 50),
		peer.Within("calls", o.Calls, 0, time.Minute),
		peer.Within("load-threads", o.Loops, 1, 64),
	)...)
}

// needs reports whether one of the applications is made with a package.
func (o options) needs(p peer.Package) bool {
	return slices.ContainsFunc(o.Packages, func(other peer.Package) bool { return other.Name == p.Name })
}

func (o options) asksWrk() bool {
	return slices.ContainsFunc(o.Scenarios, func(s scenario) bool { return s.wrk })
}

// estimate is about how long the whole takes.
func (o options) estimate() time.Duration {
	const around = 100 * time.Millisecond // to read what was used, before and after
	const start = time.Second / 2         // of a peer
	total := time.Duration(0)
	groups := map[group]bool{}
	for _, s := range o.Scenarios {
		peers := 0
		for _, name := range o.Peers {
			if s.file == 0 || peer.ServesFiles(name) {
				peers++
			}
		}
		if !groups[s.group()] {
			total += time.Duration(peers) * start
		}
		groups[s.group()] = true
		each := time.Duration(o.Rounds)*(o.Warmup+o.Duration+around) + o.Calls + around
		if s.isRated() {
			each += time.Duration(o.RateRounds*len(o.Rates)) * (o.Warmup + o.RateDuration + around)
		}
		total += time.Duration(peers) * each
		if o.Bare && s.file == 0 {
			total += time.Duration(o.Rounds) * (o.Warmup + o.Duration + start/2)
		}
	}
	return total.Round(time.Second)
}

// String says how each peer is measured.
func (p Plan) String() string {
	text := fmt.Sprintf("%d × %v in turns, each after %v of warm-up", p.Rounds, p.Duration, p.Warmup)
	if len(p.Rates) > 0 && p.RateRounds > 0 {
		rates := strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Rates), " ", " % and "), "[]")
		text += fmt.Sprintf("; %d × %v at %s %% of what each peer can do", p.RateRounds, p.RateDuration, rates)
	}
	return text
}
