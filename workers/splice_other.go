//go:build !linux

package workers

import "forebay/python/spool"

// CanLend says that a slot is a source that sends something.
const CanLend = false

// SendTo moves nothing: see spool.Source.
func (s *Slot) SendTo(int, int64) (int64, spool.Next, error) { return 0, spool.Store, nil }
