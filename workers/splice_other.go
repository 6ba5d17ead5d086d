//go:build !linux

package workers

import "forebay/python/spool"

// CanSplice says that SendTo moves something.
const CanSplice = false

// SendTo moves nothing: see spool.Source.
func (s *Slot) SendTo(int, int64) (int64, spool.Next, error) { return 0, spool.Store, nil }
