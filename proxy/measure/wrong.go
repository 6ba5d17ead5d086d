package measure

import (
	"net/http"
	"sync"
	"sync/atomic"

	"forebay/proxy/access"
)

const (
	// WrongMost is how many of the last requests are kept that went wrong.
	WrongMost = 50
	// wrongRate is how many of them are looked at in a second: a server that refuses thousands says why with the first.
	wrongRate = 50
	// clientLeft is the status of a request whose client has left before its answer.
	clientLeft = 499
)

// wrong keeps the last requests that went wrong.
type wrong struct {
	looked atomic.Int32 // in this second

	mu   sync.Mutex
	kept [WrongMost]Sample
	n    int // so far
}

// isWrong reports whether the answer is one of ours that says that something is wrong, or has not come to its end.
func isWrong(e *access.Entry) bool {
	switch {
	case e.Source == access.Server:
		return e.Status >= http.StatusInternalServerError || e.Status == clientLeft
	case e.Source != access.Application && e.Status >= http.StatusInternalServerError: // a file that could not be read
		return true
	}
	return e.Reason != access.NoReason // it was cut
}

func (w *wrong) add(e *access.Entry) {
	if w.looked.Load() >= wrongRate || w.looked.Add(1) > wrongRate {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept[w.n%WrongMost] = sampleOf(e)
	w.n++
}

// turn begins another second.
func (w *wrong) turn() { w.looked.Store(0) }

// Wrong returns the last requests that were answered by ourselves with 5xx or 499, or whose answer was cut, the latest
// first: at most WrongMost. Of many in one second some are left out.
func (m *Meter) Wrong() []Sample {
	w := &m.wrong
	w.mu.Lock()
	defer w.mu.Unlock()
	var samples []Sample
	for i := w.n - 1; i >= max(0, w.n-WrongMost); i-- {
		samples = append(samples, w.kept[i%WrongMost])
	}
	return samples
}
