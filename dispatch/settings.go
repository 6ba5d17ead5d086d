package dispatch

import (
	"time"

	"forebay/config"
	"forebay/python/spool"
)

// settings are what a reload may change, all of them at once.
type settings struct {
	config.Dispatch
	paths  []config.Path
	limits spool.Limits // of each response's spool
}

// cfg returns the settings that are in force now. What was begun with others is not disturbed.
func (d *Dispatcher) cfg() *settings { return d.settings.Load() }

// Reconfigure puts other settings in force, for the requests that come or begin from now on. Those that wait already are held to
// the new queue_timeout; none is turned away for a smaller queue_size. Safe for concurrent use.
func (d *Dispatcher) Reconfigure(cfg config.Dispatch, paths []config.Path, limits spool.Limits) {
	d.set(cfg, paths, limits)
	d.rouse() // some may run now that could not before
	d.wake()  // the oldest may have waited too long by now
}

func (d *Dispatcher) set(cfg config.Dispatch, paths []config.Path, limits spool.Limits) {
	limits.Failed = d.diskFailed
	d.settings.Store(&settings{cfg, paths, limits})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.divide(cfg, paths)
}

// diskFailed says that responses wait in memory alone, and threads for their clients the sooner. A full disk makes each
// response say so.
func (d *Dispatcher) diskFailed(err error) {
	now, last := time.Now().UnixNano(), d.diskLogged.Load()
	if now-last >= int64(diskLogPause) && d.diskLogged.CompareAndSwap(last, now) {
		d.log.Warn("response not stored on disk", "error", err)
	}
}

// diskLogPause is the least time between two lines in the log about the disk.
const diskLogPause = 10 * time.Second

// path returns the settings of the path prefix that a request is under, or nil. A request that was matched before a reload
// may name an entry that is not there any more.
func (s *settings) path(index int) *config.Path {
	if index < 0 || index >= len(s.paths) {
		return nil
	}
	return &s.paths[index]
}

// timeout returns how long a request under a path prefix may take to the head of its response, and between two chunks. 0
// means no limit.
func (s *settings) timeout(index int) time.Duration {
	if p := s.path(index); p != nil && p.Timeout != nil {
		return *p.Timeout
	}
	return s.Timeout
}
