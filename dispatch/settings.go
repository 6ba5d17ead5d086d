package dispatch

import (
	"forebay/config"
	"forebay/python/spool"
)

// settings are what a reload may change, all of them at once.
type settings struct {
	config.Dispatch
	limits spool.Limits // of each response's spool
}

// cfg returns the settings that are in force now. What was begun with others is not disturbed.
func (d *Dispatcher) cfg() *settings { return d.settings.Load() }

// Reconfigure puts other settings in force, for the requests that come or begin from now on. Those that wait already are held to
// the new queue_timeout; none is turned away for a smaller queue_size. Safe for concurrent use.
func (d *Dispatcher) Reconfigure(cfg config.Dispatch, limits spool.Limits) {
	d.settings.Store(&settings{cfg, limits})
	d.wake() // the oldest may have waited too long by now
}
