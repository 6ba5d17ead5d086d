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
	// Packages are what the applications need beside the peers.
	Packages []Package
	// Lenient leaves out what cannot be had instead of failing.
	Lenient bool
	// Offline installs nothing: what is not there cannot be had.
	Offline bool
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

// has reports whether the peer of that name takes part.
func (c Choice) has(name string) bool { return slices.Contains(c.Peers, name) }

// packages are all that come from PyPI, each once.
func (c Choice) packages() []Package {
	var all []Package
	for _, name := range c.Peers {
		all = append(all, kindOf(name).packages...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(append(all, c.Packages...), func(p Package) bool {
		again := seen[p.Name]
		seen[p.Name] = true
		return again
	})
}

// needing are the names of the peers that need a package, or its own name where the applications do.
func (c Choice) needing(p Package) []string {
	same := func(other Package) bool { return other.Name == p.Name }
	names := slices.DeleteFunc(slices.Clone(c.Peers), func(name string) bool { return !slices.ContainsFunc(kindOf(name).packages, same) })
	if slices.ContainsFunc(c.Packages, same) {
		names = append(names, p.Name)
	}
	return names
}

// Within is an error unless the value of that flag lies between the two. Every count and time of a benchmark has an
// upper bound, so that a slip of a key cannot keep a machine busy for a day.
func Within[T int | time.Duration](name string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("-%s: %v is not between %v and %v", name, value, low, high)
	}
	return nil
}
