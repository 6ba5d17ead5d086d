//go:build !linux

package workers

import "errors"

// signalThread fails: a signal from another process cannot be meant for one thread here.
func signalThread(int, int, int) error { return errors.ErrUnsupported }
