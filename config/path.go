package config

import "time"

// Path is what differs for requests below a path prefix. A nil pointer means that nothing is said, and the value for all
// requests is in force; it is not inherited from a shorter prefix.
type Path struct {
	// Prefix is of the decoded path as the client sees it, and begins with a slash. It fits whole segments: see MatchPath.
	Prefix string `key:"prefix"`
	// BodySize, BodyTimeout and BodyMinRate stand in for those of Proxy.
	BodySize    *int64         `key:"body_size"`
	BodyTimeout *time.Duration `key:"body_timeout"`
	BodyMinRate *int64         `key:"body_min_rate"`
	// Timeout and QueueTimeout stand in for those of Dispatch.
	Timeout      *time.Duration `key:"timeout"`
	QueueTimeout *time.Duration `key:"queue_timeout"`
	// QueueSize is how many requests of this prefix may wait for a free thread. Above it: 503. They take no place of the
	// others: Dispatch's own bounds the requests of all prefixes that have none of QueueSize, QueueTimeout, Slots and Reserve.
	QueueSize *int `key:"queue_size"`
	// Slots is how many threads may run requests of this prefix at once. 0 means no limit.
	Slots int `key:"slots"`
	// Reserve is how many threads are kept for requests of this prefix: while it has fewer, others never take the last idle
	// ones. While workers are missing fewer are kept, so that a thread is left for the others.
	Reserve int `key:"reserve"`
}

// NoPath is what MatchPath returns where no prefix fits.
const NoPath = -1

// MatchPath returns the index of the longest prefix in paths that fits path, or NoPath. The prefix "/report" fits
// /report and /report/x, but not /reports; "/report/" fits only what is below it; "/" fits every path.
//
// path is decoded, with the application's mount. It is called for every request and allocates nothing.
func MatchPath(paths []Path, path []byte) int {
	best, longest := NoPath, 0
	for i := range paths {
		if prefix := paths[i].Prefix; len(prefix) > longest && fits(prefix, path) {
			best, longest = i, len(prefix)
		}
	}
	return best
}

// fits says whether path is the prefix or below it.
func fits(prefix string, path []byte) bool {
	n := len(prefix)
	if n > len(path) || string(path[:n]) != prefix { // the conversion for a comparison copies nothing
		return false
	}
	return n == len(path) || path[n] == '/' || path[n-1] == '/'
}
