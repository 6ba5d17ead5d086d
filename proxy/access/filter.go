package access

import (
	"time"

	"forebay/config"
	"forebay/proxy/limit/place"
)

// statusClientGone is the status of a request whose client left before its answer.
const statusClientGone = 499

// filter says which requests have a line. It is never changed.
type filter struct {
	all      bool // have one
	excludes bool
	excluded place.Place
	part     uint64 // ids that are mixed to less than it have one
	whole    bool   // all have
	slow     time.Duration
}

func newFilter(cfg config.Log) *filter {
	f := &filter{
		excludes: len(cfg.AccessExclude) > 0, excluded: place.New(cfg.AccessExclude, nil),
		whole: cfg.AccessSample >= 1, part: uint64(cfg.AccessSample * (1 << 53)),
		slow: cfg.AccessSlow,
	}
	f.all = f.whole && !f.excludes
	return f
}

// wants reports whether e has a line.
func (f *filter) wants(e *Entry) bool {
	switch {
	case f.all, f.failed(e), f.slow > 0 && e.Total >= f.slow:
		return true
	case f.excludes && f.excluded.Has(nil, e.path()):
		return false
	}
	return f.whole || mix(e.ID)>>11 < f.part
}

// failed reports whether a request was not answered as it should have been: a fault of ours or of the application's, a
// client that left, an answer that was cut. What a client did wrong is its own matter.
func (f *filter) failed(e *Entry) bool {
	return e.Status >= 500 || e.Status == statusClientGone || (e.Fault != nil && e.Status < 400)
}

// mix makes a number of an id that looks like chance: the same request is in the logs of all servers that it passed with
// that id, or in none. It is FNV-1a and the last steps of MurmurHash3, which spread ids that are nearly the same.
func mix(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range id {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
