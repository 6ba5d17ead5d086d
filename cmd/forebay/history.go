package main

import (
	"errors"
	"sync"
	"time"

	"forebay/proxy/status"
	"forebay/workers"
)

// history is what became of the last reload. One is done after the other.
type history struct {
	mu    sync.Mutex
	begun uint64         // how many reloads have
	last  *status.Reload // never changed once it is here
}

func (h *history) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun++
}

func (h *history) end(began time.Time, err error) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = &status.Reload{
		Number: h.begun, Time: float64(now.UnixMilli()) / 1e3, Took: now.Sub(began).Seconds(), OK: err == nil, Error: reasonOf(err),
	}
}

// reasonOf is an error with what an operator needs to mend it.
func reasonOf(err error) string {
	var load *workers.LoadError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &load):
		return err.Error() + "\n" + load.Traceback
	}
	return err.Error()
}

func (h *history) count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.begun
}

func (h *history) reload() *status.Reload {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}
