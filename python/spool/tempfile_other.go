//go:build !linux

package spool

import (
	"errors"
	"os"
)

// openUnnamed is for systems whose files all have a name at first.
func openUnnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }
