package config

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"forebay/config/cgroup"
)

// checkPaths looks at each entry, and at what they take together.
func (c Config) checkPaths(faults *Faults) {
	var seen []string
	for _, path := range c.Paths {
		faults.checkPrefix(path)
		if slices.Contains(seen, path.Prefix) {
			faults.add(path.key("prefix"), Origin{}, "want each prefix once")
		}
		seen = append(seen, path.Prefix)
		for setting, field := range path.said() {
			faults.checkLeast(path.key(setting.Key), setting, field)
		}
		if path.Slots > 0 && path.Reserve > path.Slots {
			faults.add(path.key("reserve"), Origin{}, "want at most slots (%d), not %d", path.Slots, path.Reserve)
		}
	}
	c.checkReserve(faults)
}

// checkPrefix: what is compared is a decoded path, so a query or an escape in the prefix would never fit.
func (f *Faults) checkPrefix(path Path) {
	prefix := path.Prefix
	decoded, err := url.PathUnescape(prefix)
	switch {
	case !strings.HasPrefix(prefix, "/"):
		f.add(path.key("prefix"), Origin{}, "want a path that begins with a slash, such as \"/report\", not %q", prefix)
	case strings.ContainsAny(prefix, "?#*"):
		f.add(path.key("prefix"), Origin{}, "want a path without ?, # or *: it fits all that is below it")
	case err == nil && decoded != prefix:
		f.add(path.key("prefix"), Origin{}, "want the path decoded: %q", decoded)
	}
}

// checkReserve: a thread must be left for the requests for which none is kept, or they would never run.
func (c Config) checkReserve(faults *Faults) {
	threads := cmp.Or(c.Workers.Processes, cgroup.CPUs()) * c.Workers.Threads
	reserved := 0
	for _, path := range c.Paths {
		reserved += path.Reserve
		if path.Reserve > 0 && threads > 0 && reserved >= threads {
			faults.add(path.key("reserve"), Origin{},
				"want a thread left for other requests: %d of %d (workers × threads) are kept", reserved, threads)
			return
		}
	}
}
