package dispatch

import (
	"errors"
	"fmt"

	"forebay/config"
	"forebay/python"
	"forebay/workers"
)

// maxTries is how many workers a request may take down.
const maxTries = 2

// maxMissed is how many workers may die with a request that they had not begun before it counts as what they die of: it may
// be that they die of reading it.
const maxMissed = 4

// again reports whether a request whose worker died is given to another one: always if it had not begun, else once where
// the configuration allows it; by default if running it twice means no more than running it once (RFC 9110, section 9.2.2).
//
// One whose worker we killed has had all the time that it gets. That is also how a stop ends what does not end by itself.
func (d *Dispatcher) again(req *python.Request, err error) bool {
	if !errors.Is(err, workers.ErrWorkerDied) || errors.Is(err, workers.ErrWorkerKilled) || req.Trace.Tries >= maxTries {
		return false
	}
	if errors.Is(err, errNotBegun) {
		return true
	}
	return d.isRepeatable(req)
}

// isRepeatable reports whether a request may be run twice.
func (d *Dispatcher) isRepeatable(req *python.Request) bool {
	switch d.cfg().Retry {
	case config.RetryNever:
		return false
	case config.RetryAlways:
		return true
	default:
		return req.Idempotent()
	}
}

// refused says of a request that has cost as many workers as it may what it is.
func refused(req *python.Request, err error) error {
	if errors.Is(err, workers.ErrWorkerDied) && req.Trace.Tries >= maxTries {
		return fmt.Errorf("%w (%d of them): %w", ErrKiller, req.Trace.Tries, err)
	}
	return err
}
