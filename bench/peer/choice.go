package peer

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Choice says which peers take part, and how large each of them is.
type Choice struct {
	Peers   []string
	Workers int
	Threads int
	Python  string
}

// Flags adds the choice to a command line; what it holds already is the default.
func (c *Choice) Flags(flags *flag.FlagSet) {
	flags.Func("peers", fmt.Sprintf("peers in the order of each round, of %s; the first is compared with the others (default %s)",
		strings.Join(Names(), ", "), strings.Join(c.Peers, ",")), func(list string) error {
		c.Peers = strings.Split(list, ",")
		return nil
	})
	flags.IntVar(&c.Workers, "workers", c.Workers, "worker processes of each peer")
	flags.IntVar(&c.Threads, "threads", c.Threads, "threads of each worker process")
	flags.StringVar(&c.Python, "python", "python3", "interpreter that the virtual environment is made with")
}

// Validate reports every fault at once.
func (c Choice) Validate() error {
	var faults []error
	for _, name := range c.Peers {
		if !slices.Contains(Names(), name) {
			faults = append(faults, fmt.Errorf("-peers: no peer is named %q; there are %s", name, strings.Join(Names(), ", ")))
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(c.Peers)))) != len(c.Peers) {
		faults = append(faults, errors.New("-peers: a peer is named twice"))
	}
	return errors.Join(append(faults,
		Within("workers", c.Workers, 1, 64),
		Within("threads", c.Threads, 1, 256),
	)...)
}

// has reports whether a peer with that beginning of its name takes part.
func (c Choice) has(prefix string) bool {
	return slices.ContainsFunc(c.Peers, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// Within is an error unless the value of that flag lies between the two. Every count and time of a benchmark has an
// upper bound, so that a slip of a key cannot keep a machine busy for a day.
func Within[T int | time.Duration](name string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("-%s: %v is not between %v and %v", name, value, low, high)
	}
	return nil
}
